/**
 * What the accounts at the paper venue hold. Accepted orders reserve: a purchase its quantity at its limit (a market
 * order: at the expected price plus slippage) with the dearer fee, in the quote asset; a sale its quantity, in the
 * base asset. Everything else is free. A fee is taken from what the fill brings, from the quote asset, or from what no
 * strategy holds and no order reserves. So an accepted limit order can always be paid for, and what a strategy holds is
 * there to be sold.
 */

import {
  add,
  compare,
  type Decimal,
  divide,
  isZero,
  maximum,
  minimum,
  multiply,
  negate,
  ONE,
  rescale,
  roundToStep,
  subtract,
  ZERO,
} from '../../decimal.ts';
import type { Liquidity } from '../../order/type.ts';
import { type Fee, type PaperOrder, remaining } from './paper-order.ts';
import type { HeldPositions } from './paper-positions.ts';

/** Account to asset to balance. */
export type Ledger = Map<string, Map<string, Decimal>>;

export interface Funds {
  readonly ledger: Ledger;
  readonly positions: HeldPositions;
  /** Every order at the venue; those accepted reserve. */
  readonly orders: () => Iterable<PaperOrder>;
}

/** Fees in a third asset are rounded up to this many decimal places. */
const THIRD_ASSET_SCALE = 8;
/** Most decimal places that a number on the tape can have; a fee with more is rounded up. */
const TAPE_SCALE = 24;

export function balanceOf(ledger: Ledger, account: string, asset: string): Decimal {
  return ledger.get(account)?.get(asset) ?? ZERO;
}

/** Adds `change` (negative to take away) to a balance. Throws when the venue would owe itself: a bug. */
export function book(ledger: Ledger, account: string, asset: string, change: Decimal): void {
  const balances = ledger.get(account);
  if (balances === undefined) throw new Error(`the paper venue has no account "${account}"`);
  const balance = add(balances.get(asset) ?? ZERO, change);
  if (balance.units < 0n) throw new Error(`the paper account "${account}" would hold less than nothing in ${asset}`);
  balances.set(asset, balance);
}

/** What an order keeps reserved for what is left of it. */
export function reserveOf(order: PaperOrder): Fee {
  const size = multiply(remaining(order), order.contractSize);
  if (order.side === 'sell') return { asset: order.base, amount: size };
  const dearer = maximum(order.fees.maker, order.fees.taker);
  return { asset: order.quote, amount: multiply(multiply(size, order.reservePrice), add(ONE, dearer)) };
}

/** The balance less what accepted orders reserve; `except` is left out, because it may use its own reserve. */
export function freeFunds(funds: Funds, account: string, asset: string, except: PaperOrder): Decimal {
  let free = balanceOf(funds.ledger, account, asset);
  for (const order of funds.orders()) {
    if (order === except || !order.isAccepted || order.account !== account) continue;
    const reserve = reserveOf(order);
    if (reserve.asset === asset) free = subtract(free, reserve.amount);
  }
  return free;
}

export function canReserve(funds: Funds, order: PaperOrder): boolean {
  const reserve = reserveOf(order);
  return compare(reserve.amount, freeFunds(funds, order.account, reserve.asset, order)) <= 0;
}

/**
 * How much of `wanted` the order's account can pay for at `price`, in whole lots. Only a market order can come to
 * less than all: its reserve was an estimate.
 */
export function affordable(funds: Funds, order: PaperOrder, wanted: Decimal, price: Decimal, liquidity: Liquidity): Decimal {
  if (order.side === 'sell') return wanted;
  const free = freeFunds(funds, order.account, order.quote, order);
  const fee = feeOf(funds, order, wanted, price, liquidity);
  const rate = fee.asset === order.quote ? rateOf(order, liquidity) : ZERO;
  const unitCost = multiply(multiply(price, order.contractSize), add(ONE, rate));
  if (compare(multiply(wanted, unitCost), free) <= 0) return wanted;
  if (free.units <= 0n) return ZERO;
  return minimum(wanted, roundToStep(divide(free, unitCost, TAPE_SCALE, 'floor'), order.lot, 'floor'));
}

/**
 * The fee of a fill and its asset, as the account's terms say: exact in the quote or the base asset. `base` means what is
 * received, as spot venues take it: the base asset on a purchase, the quote asset on a sale. A third asset pays only from
 * what no strategy holds and no order reserves; where that does not cover the fee, it is paid in the quote asset.
 */
export function feeOf(funds: Funds, order: PaperOrder, quantity: Decimal, price: Decimal, liquidity: Liquidity): Fee {
  const { paidIn } = order.fees;
  const size = multiply(quantity, order.contractSize);
  const rate = rateOf(order, liquidity);
  const inQuote: Fee = { asset: order.quote, amount: fitTape(multiply(multiply(size, price), rate)) };
  if (paidIn === 'quote' || (paidIn === 'base' && order.side === 'sell')) return inQuote;
  if (paidIn === 'base') return { asset: order.base, amount: fitTape(multiply(size, rate)) };
  const amount = divide(inQuote.amount, paidIn.price, THIRD_ASSET_SCALE, 'ceil');
  const inThird: Fee = { asset: paidIn.asset, amount };
  return compare(amount, nobodysFunds(funds, order.account, paidIn.asset)) <= 0 ? inThird : inQuote;
}

/** Moves what a fill moves: what was bought and sold, and the fee. */
export function settle(ledger: Ledger, order: PaperOrder, quantity: Decimal, price: Decimal, fee: Fee): void {
  const size = multiply(quantity, order.contractSize);
  const notional = multiply(size, price);
  const isPurchase = order.side === 'buy';
  // What comes in first, so that the fee may be paid from it.
  book(ledger, order.account, isPurchase ? order.base : order.quote, isPurchase ? size : notional);
  book(ledger, order.account, isPurchase ? order.quote : order.base, negate(isPurchase ? notional : size));
  if (!isZero(fee.amount)) book(ledger, order.account, fee.asset, negate(fee.amount));
}

function rateOf(order: PaperOrder, liquidity: Liquidity): Decimal {
  return liquidity === 'maker' ? order.fees.maker : order.fees.taker;
}

/** The balance less what strategies hold of the asset and what orders reserve; a sale reserves from its own position first. */
function nobodysFunds(funds: Funds, account: string, asset: string): Decimal {
  let left = balanceOf(funds.ledger, account, asset);
  const sales = new Map<string, Decimal>();
  for (const order of funds.orders()) {
    if (!order.isAccepted || order.account !== account) continue;
    const reserve = reserveOf(order);
    if (reserve.asset !== asset) continue;
    if (order.side === 'buy') left = subtract(left, reserve.amount);
    else sales.set(order.position, add(sales.get(order.position) ?? ZERO, reserve.amount));
  }
  for (const [position, held] of funds.positions.get(account) ?? []) {
    if (held.asset !== asset) continue;
    left = subtract(left, maximum(held.quantity, sales.get(position) ?? ZERO));
    sales.delete(position);
  }
  for (const sold of sales.values()) left = subtract(left, sold);
  return left;
}

function fitTape(amount: Decimal): Decimal {
  return amount.scale <= TAPE_SCALE ? amount : rescale(amount, TAPE_SCALE, 'ceil');
}
