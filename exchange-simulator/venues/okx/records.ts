import type { Account, Fill, Order } from '../../accounts/account.ts';
import { type Amount, divide, multiply } from '../../core/amount.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import { longId, plain } from './formats.ts';
import { marketsOf, middle, typeOf } from './instruments.ts';
import type { SentOrder } from './requests/sent-orders.ts';

/** Before an order's made-up client id: OKX shows none where none was sent. */
export const NO_CLIENT_ID = '#';

const STATES = {
  new: 'live',
  'partially-filled': 'partially_filled',
  filled: 'filled',
  canceled: 'canceled',
  expired: 'canceled',
  prevented: 'canceled',
  rejected: 'canceled',
} as const;

/** Why an order ended before it was filled: 1 a user's cancel, 13 FOK, 14 IOC, 31 post only, 32 self-trade prevention. */
function cancelSource(order: Order, sent: SentOrder): string {
  if (order.isOpen || order.status === 'filled') return '';
  if (sent.cancelSource !== undefined) return sent.cancelSource;
  if (order.status === 'prevented') return '32';
  if (order.status === 'canceled') return '31';
  return order.request.timeInForce === 'FOK' ? '13' : '14';
}

export function ordType({ request }: Order): string {
  if (request.type === 'market') return 'market';
  if (request.type === 'limit-maker') return 'post_only';
  return request.timeInForce === 'GTC' ? 'limit' : request.timeInForce.toLowerCase();
}

export function clientIdOf({ request }: Order): string {
  return request.clientId.startsWith(NO_CLIENT_ID) ? '' : request.clientId;
}

/** What OKX keeps is negative. */
function fee(amount: Amount): string {
  return amount === 0n ? '0' : plain(-amount);
}

/** As GET order, orders-pending and orders-history give it. */
export function orderRecord(order: Order, sent: SentOrder): Record<string, unknown> {
  const { market, request } = order;
  const { base, quote, symbol } = market.instrument;
  const last = order.fills.at(-1);
  const isBuy = request.side === 'buy';
  return {
    ...NOT_USED,
    accFillSz: plain(order.executed),
    avgPx: order.executed === 0n ? '' : plain(divide(order.quoteExecuted, order.executed)),
    cTime: String(order.createdAt),
    cancelSource: cancelSource(order, sent),
    clOrdId: clientIdOf(order),
    fee: fee(order.fills.reduce((sum, fill) => sum + fill.fee, 0n)),
    feeCcy: isBuy ? base : quote,
    fillPx: last === undefined ? '' : plain(last.price),
    fillSz: last === undefined ? '0' : plain(last.quantity),
    fillTime: last === undefined ? '' : String(last.at),
    instId: symbol,
    instType: typeOf(market),
    ordId: longId(order.id),
    ordType: ordType(order),
    px: request.type === 'market' ? '' : plain(request.price),
    rebateCcy: isBuy ? quote : base,
    side: request.side,
    state: STATES[order.status],
    sz: plain(sent.size),
    tag: sent.tag,
    tdMode: 'cash',
    tgtCcy: sent.tgtCcy,
    tradeId: last === undefined ? '' : String(last.tradeId),
    tradeQuoteCcy: quote,
    uTime: String(order.updatedAt),
  };
}

/** Fields of an order that spot limit and market orders never use. */
const NOT_USED = {
  algoClOrdId: '',
  algoId: '',
  attachAlgoClOrdId: '',
  attachAlgoOrds: [],
  cancelSourceReason: '',
  category: 'normal',
  ccy: '',
  isTpLimit: 'false',
  lever: '',
  linkedAlgoOrd: { algoId: '' },
  pnl: '0',
  posSide: 'net',
  pxType: '',
  pxUsd: '',
  pxVol: '',
  quickMgnType: '',
  rebate: '0',
  reduceOnly: 'false',
  slOrdPx: '',
  slTriggerPx: '',
  slTriggerPxType: '',
  source: '',
  stpId: '',
  stpMode: 'cancel_maker',
  tpOrdPx: '',
  tpTriggerPx: '',
  tpTriggerPxType: '',
};

/** As the `orders` channel pushes it: the fill, where there is one, is the one of this push. */
export function orderPush(order: Order, sent: SentOrder, fill: Fill | undefined): Record<string, unknown> {
  const worth = multiply(order.quantity, order.request.price);
  return {
    ...orderRecord(order, sent),
    amendResult: '',
    amendSource: '',
    code: '0',
    execType: fill === undefined ? '' : executionType(fill),
    fillFee: fill === undefined ? '0' : fee(fill.fee),
    fillFeeCcy: fill === undefined ? '' : fill.feeAsset,
    fillNotionalUsd: fill === undefined ? '' : plain(fill.quote),
    fillPnl: '0',
    fillPx: fill === undefined ? '' : plain(fill.price),
    fillSz: fill === undefined ? '0' : plain(fill.quantity),
    fillTime: fill === undefined ? '' : String(fill.at),
    lastPx: plain(order.market.trades.last?.price ?? 0n),
    msg: '',
    notionalUsd: plain(worth),
    reqId: '',
    tradeId: fill === undefined ? '' : String(fill.tradeId),
  };
}

/** As fills and fills-history give it. */
export function fillRecord(fill: Fill, billNumber: number, sent: SentOrder): Record<string, unknown> {
  const { order } = fill;
  return {
    billId: longId(billNumber),
    clOrdId: clientIdOf(order),
    execType: executionType(fill),
    fee: fee(fill.fee),
    feeCcy: fill.feeAsset,
    feeRate: fee(fill.isMaker ? order.account.fees.maker : order.account.fees.taker),
    fillFwdPx: '',
    fillIdxPx: '',
    fillMarkPx: '',
    fillMarkVol: '',
    fillPnl: '0',
    fillPx: plain(fill.price),
    fillPxUsd: '',
    fillPxVol: '',
    fillSz: plain(fill.quantity),
    fillTime: String(fill.at),
    instId: order.market.instrument.symbol,
    instType: typeOf(order.market),
    ordId: longId(order.id),
    posSide: 'net',
    side: order.request.side,
    subType: order.request.side === 'buy' ? '1' : '2',
    tag: sent.tag,
    tradeId: String(fill.tradeId),
    tradeQuoteCcy: order.market.instrument.quote,
    ts: String(fill.at),
  };
}

function executionType(fill: Fill): 'M' | 'T' {
  return fill.isMaker ? 'M' : 'T';
}

/** As account/balance and the `account` channel give it; without `currencies` those that are not empty. */
export function balanceRecord(exchange: Exchange, account: Account, currencies?: readonly string[]): Record<string, unknown> {
  const at = String(account.updatedAt);
  const prices = new Map([['USDT', 10n ** 12n]]);
  for (const market of marketsOf(exchange, 'SPOT')) prices.set(market.instrument.base, middle(market));
  const worth = (ccy: string, amount: Amount): Amount => multiply(amount, prices.get(ccy) ?? 0n);
  const asked = [...account.balances].filter(([ccy, { free, locked }]) => currencies?.includes(ccy) ?? free + locked > 0n);
  const total = [...account.balances].reduce((sum, [ccy, { free, locked }]) => sum + worth(ccy, free + locked), 0n);
  const details = asked.map(([ccy, { free, locked }]) => {
    const whole = plain(free + locked);
    return {
      ...NO_MARGIN,
      availBal: plain(free),
      availEq: plain(free),
      cashBal: whole,
      ccy,
      disEq: plain(worth(ccy, free + locked)),
      eq: whole,
      eqUsd: plain(worth(ccy, free + locked)),
      frozenBal: plain(locked),
      ordFrozen: plain(locked),
      spotBal: whole,
      uTime: at,
    };
  });
  return { ...NO_MARGIN_TOTAL, details, totalEq: plain(total), uTime: at };
}

/** Fields of one currency that an account in spot mode leaves empty. */
const NO_MARGIN = {
  accAvgPx: '',
  borrowFroz: '',
  clSpotInUseAmt: '',
  collateralEnabled: false,
  crossLiab: '',
  fixedBal: '0',
  imr: '',
  interest: '',
  isoEq: '',
  isoLiab: '',
  isoUpl: '',
  liab: '',
  maxLoan: '',
  maxSpotInUseAmt: '',
  mgnRatio: '',
  mmr: '',
  notionalLever: '',
  openAvgPx: '',
  rewardBal: '0',
  smtSyncEq: '0',
  spotCopyTradingEq: '0',
  spotInUseAmt: '',
  spotIsoBal: '0',
  spotUpl: '',
  spotUplRatio: '',
  stgyEq: '0',
  totalPnl: '',
  totalPnlRatio: '',
  twap: '0',
  upl: '',
  uplLiab: '',
};

const NO_MARGIN_TOTAL = {
  adjEq: '',
  availEq: '',
  borrowFroz: '',
  imr: '',
  isoEq: '',
  mgnRatio: '',
  mmr: '',
  notionalUsd: '',
  notionalUsdForBorrow: '',
  notionalUsdForFutures: '',
  notionalUsdForOption: '',
  notionalUsdForSwap: '',
  ordFroz: '',
  upl: '',
};
