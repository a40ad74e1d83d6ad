import type { Account, Fill, Order } from '../../accounts/account.ts';
import { divide } from '../../core/amount.ts';
import { orderIdText, plain, SIDE, tradeIdText } from './formats.ts';

/** What a user's cancel names itself within the engine; a cancel of the engine's own has no name. */
export const BY_USER = 'user';

/** Only spot has a status of its own for an order that was filled in part and then ended. */
function status(order: Order): string {
  switch (order.status) {
    case 'new':
      return 'New';
    case 'partially-filled':
      return 'PartiallyFilled';
    case 'filled':
      return 'Filled';
    case 'rejected':
      return 'Rejected';
    case 'canceled':
    case 'expired':
    case 'prevented':
      return order.executed > 0n ? 'PartiallyFilledCanceled' : 'Cancelled';
  }
}

function rejectReason(order: Order): string {
  switch (order.status) {
    case 'canceled':
      return order.cancelClientId === BY_USER ? 'EC_PerCancelRequest' : 'EC_PostOnlyWillTakeLiquidity';
    case 'expired':
      return order.request.timeInForce === 'FOK' ? 'EC_NoEnoughQtyToFill' : 'EC_NoImmediateQtyToFill';
    case 'prevented':
      return 'EC_BySelfMatch';
    case 'rejected':
      return order.rejectReason;
    default:
      return 'EC_NoError';
  }
}

function cancelType(order: Order): string {
  if (order.status === 'prevented') return 'CancelBySmp';
  return order.status === 'canceled' && order.cancelClientId === BY_USER ? 'CancelByUser' : 'UNKNOWN';
}

function timeInForce({ request }: Order): string {
  if (request.type === 'market') return 'IOC';
  return request.type === 'limit-maker' ? 'PostOnly' : request.timeInForce;
}

/** A market order by quote is sized in the quote asset. */
function orderQuantity({ request }: Order): string {
  return plain(request.quantity === 0n ? request.quoteQuantity : request.quantity);
}

/** An order as `order/realtime`, `order/history` and the stream `order` give it. */
export function orderRecord(order: Order): Record<string, unknown> {
  const { request, executed, quoteExecuted } = order;
  const leaves = order.isOpen ? order.remaining : 0n;
  const fees = feesOf(order);
  return {
    orderId: orderIdText(order.id),
    orderLinkId: request.clientId,
    blockTradeId: '',
    symbol: order.market.instrument.symbol,
    price: plain(request.price),
    qty: orderQuantity(order),
    side: SIDE[request.side],
    isLeverage: '0',
    positionIdx: 0,
    orderStatus: status(order),
    cancelType: cancelType(order),
    rejectReason: rejectReason(order),
    avgPrice: executed === 0n ? '' : plain(divide(quoteExecuted, executed)),
    leavesQty: plain(leaves),
    leavesValue: plain(order.isOpen && request.quantity > 0n ? (leaves * request.price) / 10n ** 12n : 0n),
    cumExecQty: plain(executed),
    cumExecValue: plain(quoteExecuted),
    cumExecFee: plain(Object.values(fees).reduce((sum, fee) => sum + fee, 0n)),
    cumFeeDetail: Object.fromEntries(Object.entries(fees).map(([asset, fee]) => [asset, plain(fee)])),
    feeCurrency: order.fills[0]?.feeAsset ?? '',
    timeInForce: timeInForce(order),
    orderType: request.type === 'market' ? 'Market' : 'Limit',
    marketUnit: request.type === 'market' && request.quantity === 0n ? 'quoteCoin' : 'baseCoin',
    stopOrderType: '',
    ocoTriggerBy: '',
    orderIv: '',
    triggerPrice: '0',
    takeProfit: '0',
    stopLoss: '0',
    tpLimitPrice: '0',
    slLimitPrice: '0',
    tpTriggerBy: '',
    slTriggerBy: '',
    triggerDirection: 0,
    triggerBy: '',
    lastPriceOnCreated: '',
    reduceOnly: false,
    closeOnTrigger: false,
    placeType: '',
    smpType: 'None',
    smpGroup: 0,
    smpOrderId: '',
    createdTime: String(order.createdAt),
    updatedTime: String(order.updatedAt),
  };
}

function feesOf(order: Order): Record<string, bigint> {
  const fees: Record<string, bigint> = {};
  for (const { fee, feeAsset } of order.fills) fees[feeAsset] = (fees[feeAsset] ?? 0n) + fee;
  return fees;
}

/** A fill as `execution/list` and the stream `execution` give it. */
export function executionRecord(fill: Fill): Record<string, unknown> {
  const { order, feeAsset, fee, isMaker } = fill;
  const { request, account } = order;
  const filled = order.fills.slice(0, order.fills.indexOf(fill) + 1).reduce((sum, { quantity }) => sum + quantity, 0n);
  return {
    category: 'spot',
    symbol: order.market.instrument.symbol,
    orderId: orderIdText(order.id),
    orderLinkId: request.clientId,
    side: SIDE[request.side],
    orderPrice: plain(request.price),
    orderQty: orderQuantity(order),
    leavesQty: plain(request.quantity === 0n ? 0n : request.quantity - filled),
    orderType: request.type === 'market' ? 'Market' : 'Limit',
    stopOrderType: 'UNKNOWN',
    execFee: plain(fee),
    feeCurrency: feeAsset,
    feeRate: plain(isMaker ? account.fees.maker : account.fees.taker),
    execId: tradeIdText('spot', fill.tradeId),
    execPrice: plain(fill.price),
    execQty: plain(fill.quantity),
    execType: 'Trade',
    execValue: plain(fill.quote),
    execTime: String(fill.at),
    isMaker,
    isLeverage: '0',
    tradeIv: '',
    markIv: '',
    markPrice: '',
    indexPrice: '',
    underlyingPrice: '',
    blockTradeId: '',
    closedSize: '',
    extraFees: '',
    seq: fill.tradeId,
  };
}

/** The unified account as `wallet-balance` and the stream `wallet` give it. `priceOf` is in USD. */
export function walletRecord(account: Account, priceOf: (asset: string) => bigint): Record<string, unknown> {
  let total = 0n;
  const coin = [...account.balances].map(([asset, { free, locked }]) => {
    const usd = ((free + locked) * priceOf(asset)) / 10n ** 12n;
    total += usd;
    const whole = plain(free + locked);
    return {
      coin: asset,
      equity: whole,
      usdValue: plain(usd),
      walletBalance: whole,
      locked: plain(locked),
      free: '',
      availableToWithdraw: '',
      availableToBorrow: '',
      borrowAmount: '0',
      spotBorrow: '0',
      accruedInterest: '0',
      spotHedgingQty: '0',
      totalOrderIM: '0',
      totalPositionIM: '0',
      totalPositionMM: '0',
      unrealisedPnl: '0',
      cumRealisedPnl: '0',
      bonus: '0',
      collateralSwitch: true,
      marginCollateral: true,
    };
  });
  const whole = plain(total);
  return {
    accountType: 'UNIFIED',
    accountLTV: '',
    accountIMRate: '0',
    accountMMRate: '0',
    totalEquity: whole,
    totalWalletBalance: whole,
    totalMarginBalance: whole,
    totalAvailableBalance: whole,
    totalPerpUPL: '0',
    totalInitialMargin: '0',
    totalMaintenanceMargin: '0',
    coin,
  };
}
