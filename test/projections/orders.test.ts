import { describe, expect, it } from 'vitest';
import type { ApprovedOrder, OrderFill } from '../../src/domain/order/events.ts';
import { fills } from '../../src/projections/fills.ts';
import { orders } from '../../src/projections/orders.ts';
import type { RecordedEvent } from '../../src/tape/envelope.ts';
import { fold, foldOne, noon, ORDER, REQUEST, recorded } from './recorded.ts';

const STREAM = `order-${ORDER}`;
const of = { orderId: ORDER, account: 'paper-1', at: noon(0) };

const terms = {
  orderId: ORDER,
  account: 'paper-1',
  strategy: 'cross',
  venue: 'binance',
  symbol: 'BTCUSDT',
  side: 'buy' as const,
  type: 'limit' as const,
  timeInForce: 'GTC' as const,
  quantity: '3',
  price: '100',
  reducing: false,
  origin: { kind: 'signal' as const, id: REQUEST },
  limits: [{ limit: 'position-size', value: '300', bound: '50000' }],
};

function approved(position: number, more: Partial<ApprovedOrder> = {}): RecordedEvent {
  return recorded(position, 'OrderApproved', STREAM, {
    ...terms,
    clientOrderId: 't1',
    atLastPrice: false,
    referencePrice: '100.5',
    bid: '100',
    ask: '101',
    equity: '100000',
    position: '0',
    sendBy: noon(position + 5),
    ...more,
  });
}

function accepted(position: number): RecordedEvent {
  return recorded(position, 'OrderAccepted', STREAM, { ...of, venueOrderId: 'v1' });
}

function filled(position: number, quantity: string, cumulativeQuantity: string, more: Partial<OrderFill> = {}): RecordedEvent {
  return recorded(position, 'OrderFilled', STREAM, {
    ...of,
    strategy: 'cross',
    venue: 'binance',
    symbol: 'BTCUSDT',
    side: 'buy',
    tradeId: `t-${position}`,
    price: '100',
    quantity,
    cumulativeQuantity,
    fee: '0.1',
    feeAsset: 'USDT',
    liquidity: 'taker',
    ...more,
  });
}

const canceled = (position: number) => recorded(position, 'OrderCanceled', STREAM, { ...of, reason: 'asked' });
const cancelPending = (position: number) =>
  recorded(position, 'OrderCancelPending', STREAM, { ...of, requestId: REQUEST, reason: null });
const cancelRejected = (position: number) =>
  recorded(position, 'OrderCancelRejected', STREAM, { ...of, reason: 'already-closed' });

function status(...events: RecordedEvent[]): unknown {
  return foldOne(orders, events).status;
}

describe('an order', () => {
  it('carries its terms, what it was judged on and its whole way', () => {
    const order = foldOne(orders, [approved(1), accepted(2), filled(3, '1', '1', { at: noon(3) })]);
    expect(order).toMatchObject({
      id: ORDER,
      strategy: 'cross',
      quantity: '3',
      price: '100',
      referencePrice: '100.5',
      clientOrderId: 't1',
      venueOrderId: 'v1',
      limits: terms.limits,
      requestedAt: null,
      createdAt: noon(1),
      updatedAt: noon(3),
      sequence: `${noon(1)}/00000000000000000001`,
    });
    const history = order.history as {
      type: string;
      position: string;
      occurredAt: string;
      data: { cumulativeQuantity?: string };
    }[];
    expect(history.map(({ type, position, occurredAt }) => [type, position, occurredAt])).toEqual([
      ['OrderApproved', '1', noon(1)],
      ['OrderAccepted', '2', noon(2)],
      ['OrderFilled', '3', noon(3)],
    ]);
    expect(history[2]?.data.cumulativeQuantity).toBe('1');
  });

  it('of a person has the time of its market, beside that of the request', () => {
    // Asked for an hour after noon in a session that was recorded at noon; sent within 5 s.
    const origin = { kind: 'request' as const, id: REQUEST };
    const asked = { ...approved(3_600, { origin, sendBy: noon(10 + 5) }) };
    const fill = filled(3_601, '3', '3', { at: noon(11) });
    const order = foldOne(orders, [asked, fill]);
    expect(order).toMatchObject({ requestedAt: noon(3_600), createdAt: noon(10), updatedAt: noon(11) });
    expect(order.sequence).toBe(`${noon(10)}/00000000000000003600`);
    // A report of before, by the venue's own clock, does not take it back.
    const early = foldOne(orders, [asked, filled(3_601, '3', '3', { at: noon(9) })]);
    expect(early).toMatchObject({ createdAt: noon(10), updatedAt: noon(10) });
    const refused = (at: string | null, of = origin as typeof origin | typeof terms.origin) =>
      recorded(7, 'OrderDenied', STREAM, { ...terms, origin: of, at, reason: 'halt', value: null, bound: null });
    const times = { requestedAt: noon(7), createdAt: noon(3), updatedAt: noon(3) };
    expect(foldOne(orders, [refused(noon(3))])).toMatchObject({ ...times, sequence: `${noon(3)}/00000000000000000007` });
    // Before any market told a time, or recorded by an older build: it comes before all that has one.
    const untimed = foldOne(orders, [refused(null)]);
    expect(untimed).toMatchObject({ requestedAt: noon(7), createdAt: null, updatedAt: null });
    expect(String(untimed.sequence) < noon(-1_000_000)).toBe(true);
    // A signal comes with market data, so an older build's denial of its order has that time.
    expect(foldOne(orders, [refused(null, terms.origin)])).toMatchObject({ requestedAt: null, createdAt: noon(7) });
  });

  it('of a strategy that a person has cancelled keeps to the time of its market', () => {
    const asked = recorded(3_600, 'OrderCancelPending', STREAM, { ...of, at: noon(4), requestId: REQUEST, reason: null });
    const gone = recorded(3_601, 'OrderCanceled', STREAM, { ...of, at: noon(4), reason: 'asked' });
    expect(foldOne(orders, [approved(1), accepted(2), asked, gone])).toMatchObject({ updatedAt: noon(4) });
  });

  it('adds up its fills exactly: quantity, average price and fees by asset', () => {
    const order = foldOne(orders, [
      approved(1),
      filled(2, '0.1', '0.1', { price: '100.1' }),
      filled(3, '0.2', '0.3', { price: '100.4', fee: '0.02', feeAsset: 'BNB' }),
      filled(4, '0.4', '0.7', { price: '99.9' }),
    ]);
    // 10.01 + 20.08 + 39.96 = 70.05; over 0.7 = 100.0714285714285...
    expect(order).toMatchObject({
      cumulativeQuantity: '0.7',
      remainingQuantity: '2.3',
      filledNotional: '70.05',
      averagePrice: '100.071428571429',
      fees: { USDT: '0.2', BNB: '0.02' },
    });
  });

  it('has the status that its events and its filled quantity give it', () => {
    expect(status(approved(1))).toBe('approved');
    expect(status(approved(1), recorded(2, 'OrderSubmitted', STREAM, of))).toBe('submitted');
    expect(status(approved(1), recorded(2, 'OrderUncertain', STREAM, { ...of, reason: 'timeout' }))).toBe('uncertain');
    expect(status(approved(1), accepted(2))).toBe('accepted');
    expect(status(approved(1), accepted(2), filled(3, '1', '1'))).toBe('partially-filled');
    expect(status(approved(1), accepted(2), filled(3, '1', '1'), cancelPending(4))).toBe('cancel-pending');
    expect(status(approved(1), accepted(2), cancelPending(3), cancelRejected(4))).toBe('accepted');
    expect(status(approved(1), accepted(2), filled(3, '1', '1'), canceled(4))).toBe('canceled');
    expect(status(approved(1), filled(2, '3', '3'))).toBe('filled');
    expect(status(approved(1), recorded(2, 'OrderRejected', STREAM, { ...of, reason: 'no' }))).toBe('rejected');
    expect(status(approved(1), recorded(2, 'OrderExpired', STREAM, { ...of, reason: 'unfilled-rest' }))).toBe('expired');
  });

  it('is filled by a late fill, also after a cancel', () => {
    const late = foldOne(orders, [approved(1), accepted(2), canceled(3), filled(4, '3', '3')]);
    expect(late).toMatchObject({ status: 'filled', remainingQuantity: '0', reason: 'asked' });
    expect(status(approved(1), canceled(2), filled(3, '1', '1'))).toBe('canceled');
  });

  it('is known to the venue once it fills, however uncertain it was', () => {
    const uncertain = recorded(2, 'OrderUncertain', STREAM, { ...of, reason: 'timeout' });
    expect(foldOne(orders, [approved(1), uncertain, filled(3, '1', '1')])).toMatchObject({
      status: 'partially-filled',
      reached: 'accepted',
    });
  });

  it('that was denied says which limit, its bound and the value that broke it', () => {
    const denied = recorded(1, 'OrderDenied', STREAM, { ...terms, at: noon(1), reason: 'drawdown', value: '0.21', bound: '0.2' });
    expect(foldOne(orders, [denied])).toMatchObject({ status: 'denied', reason: 'drawdown', value: '0.21', bound: '0.2' });
  });

  it('follows the venue when that changes its terms, and counts anomalies', () => {
    const updated = recorded(3, 'OrderUpdated', STREAM, { ...of, quantity: '2', price: '99' });
    const odd = recorded(4, 'OrderAnomalyDetected', STREAM, { ...of, anomaly: 'overfill', reportId: REQUEST, detail: 'x' });
    expect(foldOne(orders, [approved(1), filled(2, '1', '1'), updated, odd])).toMatchObject({
      quantity: '2',
      price: '99',
      remainingQuantity: '1',
      anomalies: 1,
    });
  });

  it('that we never had is unknown, and stays so', () => {
    expect(foldOne(orders, [cancelRejected(1)])).toMatchObject({ status: 'unknown', quantity: null, id: ORDER });
  });

  it('that is not ours is shown as such, with what was filled of it', () => {
    const seen = recorded(1, 'ExternalOrderSeen', STREAM, {
      ...of,
      venue: 'binance',
      symbol: 'BTCUSDT',
      clientOrderId: 'web',
      reportId: REQUEST,
    });
    expect(foldOne(orders, [seen, filled(2, '1', '1')])).toMatchObject({
      status: 'external',
      symbol: 'BTCUSDT',
      clientOrderId: 'web',
      cumulativeQuantity: '1',
      quantity: null,
    });
  });

  it('keeps a thousand events of its way and counts the rest', () => {
    const many = Array.from({ length: 1200 }, (_, n) => cancelRejected(n + 2));
    const order = foldOne(orders, [approved(1), ...many]);
    expect((order.history as unknown[]).length).toBe(1000);
    expect(order.historyOmitted).toBe(201);
  });
});

describe('fills', () => {
  it('are one document an execution, sorted by their own time', () => {
    const early = filled(9, '1', '2', { at: noon(-100) });
    const documents = [...fold(fills, [approved(1), filled(8, '1', '1'), early]).values()];
    expect(documents).toHaveLength(2);
    expect(documents[1]).toMatchObject({
      orderId: ORDER,
      tradeId: 't-9',
      quantity: '1',
      position: '9',
      sequence: `${noon(-100)}/00000000000000000009`,
    });
  });
});
