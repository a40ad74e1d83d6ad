/** An order as the paper venue has it, with the terms that were in force when it arrived. */

import { add, type Decimal, formatDecimal, multiply, ONE, parseDecimal, subtract, ZERO } from '../../decimal.ts';
import type { ApprovedOrder } from '../../order/events.ts';
import { SEND_WINDOW_MS } from '../../order/order.ts';
import type { Outcome, WorkingOrder } from '../../order/type.ts';
import { type OrderTypeName, orderTypeOf } from '../../order/types.ts';
import { type AccountTerms, instrumentKey } from '../../settings/in-force.ts';
import type { InstrumentSettings } from '../../settings/settings.ts';
import { durationMs, epochMs, isoTime } from '../../time.ts';
import type { ExecutionReport } from '../events.ts';
import { readVolumeShare } from './fill-bounds.ts';

/** What the market has already decided about an order and is still to be reported. */
export type Pending =
  /** Where its account cannot pay for all of `quantity`, it fills what that can pay for. */
  | (Extract<Outcome, { kind: 'fill' }> & { readonly quantity: Decimal })
  | Extract<Outcome, { kind: 'expire' }>
  /** Takes from the sample in hand what its terms allow. */
  | { readonly kind: 'sweep' };

export interface Fee {
  readonly amount: Decimal;
  readonly asset: string;
}

export interface FeeTerms {
  readonly maker: Decimal;
  readonly taker: Decimal;
  /** `base` means what is received; a third asset has the price of one unit in the quote asset. */
  readonly paidIn: 'quote' | 'base' | { readonly asset: string; readonly price: Decimal };
}

export interface PaperOrder extends WorkingOrder {
  readonly orderId: string;
  readonly clientOrderId: string;
  readonly account: string;
  /** What it changes: the strategy's position in the instrument. */
  readonly position: string;
  readonly venue: string;
  readonly symbol: string;
  readonly type: OrderTypeName;
  readonly base: string;
  readonly quote: string;
  readonly contractSize: Decimal;
  readonly lot: Decimal;
  readonly quantity: Decimal;
  /** The account's now when the order was approved, and until when an immediate one waits for a book; epoch ms. */
  readonly decidedMs: number;
  readonly deadlineMs: number;
  readonly latencyMs: number;
  /** How long a market order waits for its bar where only candles are known; null: as long as is usual for the bars. */
  readonly maxFillGapMs: number | null;
  /** The part of a bar's volume that the account's orders may fill; null: not bounded. */
  readonly volumeShare: Decimal | null;
  readonly fees: FeeTerms;
  /** Price that a purchase is reserved at. */
  readonly reservePrice: Decimal;
  filled: Decimal;
  isAccepted: boolean;
  hasMetMarket: boolean;
  pending: Pending | null;
  /** Reports made so far: the number in the next one's id. */
  reports: number;
}

/** The account's now when the order was approved. It is not the event's own time where a person's request caused it. */
export function approvalMs(approved: ApprovedOrder): number {
  return epochMs(approved.sendBy) - SEND_WINDOW_MS;
}

/** The order as it arrives at the venue. */
export function arrivingOrder(approved: ApprovedOrder, account: AccountTerms, instrument: InstrumentSettings): PaperOrder {
  const slippage = parseDecimal(account.slippage);
  const type = orderTypeOf(approved.type);
  const price = type.hasPrice && approved.price !== null ? parseDecimal(approved.price) : null;
  const reference = parseDecimal(approved.referencePrice);
  const expected = approved.ask === null ? reference : parseDecimal(approved.ask);
  return {
    orderId: approved.orderId,
    clientOrderId: approved.clientOrderId,
    account: approved.account,
    position: `${approved.strategy}|${instrumentKey(approved.venue, approved.symbol)}`,
    venue: approved.venue,
    symbol: approved.symbol,
    side: approved.side,
    type: approved.type,
    base: instrument.base,
    quote: instrument.quote,
    contractSize: parseDecimal(instrument.contractSize),
    tick: parseDecimal(instrument.tickSize),
    lot: parseDecimal(instrument.lotSize),
    quantity: parseDecimal(approved.quantity),
    price,
    isImmediate: type.isImmediate(approved.timeInForce),
    decidedMs: approvalMs(approved),
    deadlineMs: epochMs(approved.sendBy),
    latencyMs: durationMs(account.latency),
    maxFillGapMs: account.maxFillGap === undefined ? null : durationMs(account.maxFillGap),
    volumeShare: readVolumeShare(account),
    slippage,
    fees: feeTerms(account, instrument),
    reservePrice: approved.atLastPrice ? reference : type.reservePrice(price, multiply(expected, add(ONE, slippage))),
    filled: ZERO,
    isAccepted: false,
    hasMetMarket: false,
    pending: approved.atLastPrice ? atLastPrice(approved, reference) : null,
    reports: 0,
  };
}

/** The fill of an order whose market has ended, at its last price, in the account's own time. */
function atLastPrice(approved: ApprovedOrder, price: Decimal): Pending {
  const time = isoTime(approvalMs(approved));
  return { kind: 'fill', price, quantity: parseDecimal(approved.quantity), liquidity: 'taker', time };
}

function feeTerms(account: AccountTerms, instrument: InstrumentSettings): FeeTerms {
  const { maker, taker } = account.fees;
  return { maker: parseDecimal(maker), taker: parseDecimal(taker), paidIn: feeAsset(account, instrument) };
}

/** A third asset is priced in the account's currency; where that is not the quote asset, fees stay in the quote. */
function feeAsset(account: AccountTerms, instrument: InstrumentSettings): FeeTerms['paidIn'] {
  const { paidIn } = account.fees;
  if (typeof paidIn === 'string') return paidIn;
  if (paidIn.asset === instrument.base) return 'base';
  if (paidIn.asset === instrument.quote || account.currency !== instrument.quote) return 'quote';
  return { asset: paidIn.asset, price: parseDecimal(paidIn.price) };
}

export function remaining(order: PaperOrder): Decimal {
  return subtract(order.quantity, order.filled);
}

type Details = Partial<Pick<ExecutionReport, 'tradeId' | 'price' | 'quantity' | 'fee' | 'feeAsset' | 'liquidity' | 'reason'>>;

/** What a report says of an order, besides what happened. */
export type ReportedOrder = Pick<PaperOrder, 'orderId' | 'clientOrderId' | 'account' | 'venue' | 'symbol' | 'side' | 'filled'>;

/** A report; `executionId` is unique within the account, venue and symbol. */
export function reportOf(
  order: ReportedOrder,
  executionType: ExecutionReport['executionType'],
  executionId: string,
  transactTime: string,
  details: Details = {},
): ExecutionReport {
  return {
    account: order.account,
    venue: order.venue,
    symbol: order.symbol,
    executionId,
    executionType,
    orderId: order.orderId,
    clientOrderId: order.clientOrderId,
    venueOrderId: order.clientOrderId,
    side: order.side,
    transactTime,
    tradeId: null,
    price: null,
    quantity: null,
    cumulativeQuantity: formatDecimal(order.filled),
    fee: null,
    feeAsset: null,
    liquidity: null,
    reason: null,
    ...details,
  };
}

/** Deterministic and unique: the client order id and the number of the report. */
export function nextExecutionId(order: PaperOrder): string {
  return `${order.clientOrderId}-${order.reports + 1}`;
}
