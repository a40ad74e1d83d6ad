import type { Account, AccountEvent } from '../../../accounts/account.ts';
import { decimal, expiryReason, SIDE, STATUS, TYPE } from '../formats.ts';

const EXECUTION = {
  accepted: 'NEW',
  filled: 'TRADE',
  canceled: 'CANCELED',
  expired: 'EXPIRED',
  prevented: 'TRADE_PREVENTION',
  rejected: 'REJECTED',
} as const;

type OrderEvent = Extract<AccountEvent, { kind: 'order' }>;

/** An event of the user data stream: executionReport, outboundAccountPosition or balanceUpdate. */
export function userEvent(account: Account, event: AccountEvent, executionId: number): Record<string, unknown> {
  const { at } = event;
  if (event.kind === 'order') return executionReport(event, executionId);
  if (event.kind === 'transfer') return { e: 'balanceUpdate', E: at, a: event.asset, d: decimal(event.amount), T: at };
  const balances = event.assets.map((asset) => {
    const { free, locked } = account.balance(asset);
    return { a: asset, f: decimal(free), l: decimal(locked) };
  });
  return { e: 'outboundAccountPosition', E: at, u: at, B: balances };
}

function executionReport(event: OrderEvent, executionId: number): Record<string, unknown> {
  const { order, change, fill, at } = event;
  const { request } = order;
  const isCancel = change === 'canceled';
  const reason = change === 'expired' ? expiryReason(order) : undefined;
  const zero = decimal(0n);
  return {
    e: 'executionReport',
    E: at,
    s: order.market.instrument.symbol,
    // A cancel reports under its own id; the order's is in C then.
    c: isCancel ? order.cancelClientId : request.clientId,
    S: SIDE[request.side],
    o: TYPE[request.type],
    f: request.timeInForce,
    q: decimal(order.quantity),
    p: decimal(request.price),
    P: zero,
    F: zero,
    g: -1,
    C: isCancel ? request.clientId : '',
    x: EXECUTION[change],
    X: STATUS[order.status],
    r: 'NONE',
    i: order.id,
    l: fill === undefined ? zero : decimal(fill.quantity),
    z: decimal(order.executed),
    L: fill === undefined ? zero : decimal(fill.price),
    n: fill === undefined ? '0' : decimal(fill.fee),
    N: fill === undefined ? null : fill.feeAsset,
    T: order.updatedAt,
    t: fill === undefined ? -1 : fill.tradeId,
    ...(change === 'prevented' ? { v: executionId, A: decimal(order.remaining), B: decimal(order.remaining) } : {}),
    I: executionId,
    w: order.isOpen,
    m: fill?.isMaker ?? false,
    M: false,
    O: order.createdAt,
    Z: decimal(order.quoteExecuted),
    Y: fill === undefined ? zero : decimal(fill.quote),
    Q: decimal(request.quoteQuantity),
    W: order.createdAt,
    V: 'NONE',
    ...(reason === undefined ? {} : { eR: reason }),
  };
}
