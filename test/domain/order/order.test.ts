import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { MAX_CLOSED_ORDERS } from '../../../src/domain/account/account.ts';
import type { EventData } from '../../../src/domain/catalogue.ts';
import { type Decimal, formatDecimal } from '../../../src/domain/decimal.ts';
import { desk } from '../../../src/domain/desk/desk.ts';
import { changesOf } from '../../../src/domain/order/execution.ts';
import { approvedOrder, evolveOrder, remainingOf } from '../../../src/domain/order/order.ts';
import { isClosed, statusOf } from '../../../src/domain/order/status.ts';
import { makeId } from '../../../src/tape/id.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { all, names, only, Scene } from '../given.ts';

let scene: Scene;
let order: EventData['OrderApproved'];

beforeEach(() => {
  scene = new Scene([desk]);
  scene.settings({});
  scene.begin();
  scene.bar('60000');
  order = only(scene.signal('buy'), 'OrderApproved');
});

/** The order's own events so far, by type. */
function life(): string[] {
  return names(scene.tape.filter(({ stream }) => stream === `order-${order.orderId}`));
}

function balances(): Record<string, string> {
  return Object.fromEntries(all(scene.tape, 'BalanceChanged').map(({ asset, balance }) => [asset, balance]));
}

describe('An order that a venue fills', () => {
  it('in parts adds up to its quantity', () => {
    scene.report(order, 'new');
    scene.fill(order, '0.4', '60000');
    const last = scene.fill(order, '0.6', '60010', { cumulativeQuantity: '1' });
    expect(only(last, 'OrderFilled').cumulativeQuantity).toBe('1');
    expect(life()).toEqual(['OrderApproved', 'OrderAccepted', 'OrderFilled', 'OrderFilled']);
    expect(balances()).toEqual({ BTC: '1', USDT: '39994' });
  });

  it('before it is said to be accepted is accepted all the same', () => {
    scene.fill(order, '1', '60000');
    scene.report(order, 'new');
    expect(life()).toEqual(['OrderApproved', 'OrderFilled', 'OrderAccepted']);
    expect(only(scene.order('sell', '1'), 'OrderDenied').reason).toBe('nothing-to-sell');
  });

  it('is filled once when the venue reports the trade twice', () => {
    scene.fill(order, '0.4', '60000', { tradeId: 'x', executionId: 'a' });
    expect(scene.fill(order, '0.4', '60000', { tradeId: 'x', executionId: 'a' })).toEqual([]);
    expect(scene.fill(order, '0.4', '60000', { tradeId: 'x', executionId: 'b' })).toEqual([]);
    expect(scene.fill(order, '0.4', '60000', { tradeId: 'y', executionId: 'a' })).toEqual([]);
    expect(balances()).toEqual({ BTC: '0.4', USDT: '76000' });
  });

  it('without a trade id is known by the execution id', () => {
    const report = { tradeId: null, executionId: 'a' };
    scene.fill(order, '0.4', '60000', report);
    expect(scene.fill(order, '0.4', '60000', report)).toEqual([]);
    expect(balances().BTC).toBe('0.4');
  });

  it('beyond its quantity is booked, with an anomaly', () => {
    scene.fill(order, '0.9', '60000');
    const decided = scene.fill(order, '0.3', '60000', { cumulativeQuantity: '1.2' });
    expect(only(decided, 'OrderAnomalyDetected')).toMatchObject({ anomaly: 'overfill' });
    expect(balances().BTC).toBe('1.2');
  });

  it('with another total than ours is booked, with an anomaly', () => {
    const decided = scene.fill(order, '0.3', '60000', { cumulativeQuantity: '0.5' });
    expect(only(decided, 'OrderAnomalyDetected').anomaly).toBe('cumulative-mismatch');
    expect(balances().BTC).toBe('0.3');
  });

  it('without saying the quantity is booked by its total', () => {
    scene.fill(order, '0.3', '60000');
    const decided = scene.fill(order, '0.5', '60000', { quantity: null, cumulativeQuantity: '0.5' });
    expect(only(decided, 'OrderFilled').quantity).toBe('0.2');
  });

  it('without a price is an anomaly and moves nothing', () => {
    const decided = scene.fill(order, '0.3', '60000', { price: null });
    expect(names(decided)).toEqual(['OrderAnomalyDetected']);
    expect(only(decided, 'OrderAnomalyDetected').anomaly).toBe('incomplete-fill');
    // Its quantity is missed when the next one comes.
    const next = scene.fill(order, '0.4', '60000', { cumulativeQuantity: '0.7' });
    expect(only(next, 'OrderAnomalyDetected').anomaly).toBe('cumulative-mismatch');
    expect(balances().BTC).toBe('0.4');
  });

  it('on the other side is booked as the venue says, with an anomaly', () => {
    const decided = scene.fill(order, '0.3', '60000', { side: 'sell' });
    const anomalies = all(decided, 'OrderAnomalyDetected').map(({ anomaly }) => anomaly);
    // The strategy has sold what it did not have.
    expect(anomalies).toEqual(['balance-below-position', 'terms-differ']);
    expect(only(decided, 'PositionChanged')).toMatchObject({ quantity: '-0.3', cost: '-18000' });
  });

  it('as an inverse contract is an anomaly and moves nothing', () => {
    const other = {
      ...BTCUSDT,
      symbol: 'BTCUSD_PERP',
      kind: 'perpetual' as const,
      quote: 'USD',
      settle: 'BTC',
      contractSize: '100',
    };
    scene.settings({ instruments: [BTCUSDT, other] });
    const decided = scene.fill(order, '0.3', '60000', { symbol: 'BTCUSD_PERP' });
    expect(all(decided, 'OrderAnomalyDetected')[0]?.detail).toMatch(
      /binance BTCUSD_PERP, an inverse contract, and cannot be booked/,
    );
    expect(balances()).toEqual({ USDT: '100000' });
  });

  it('as a symbol that is not listed is an anomaly and moves nothing', () => {
    const decided = scene.fill(order, '0.3', '60000', { symbol: 'XYZ' });
    expect(all(decided, 'OrderAnomalyDetected').map(({ anomaly }) => anomaly)).toEqual(['unknown-instrument', 'terms-differ']);
    expect(balances()).toEqual({ USDT: '100000' });
  });
});

describe('An order that ends', () => {
  it.each([
    ['canceled', 'OrderCanceled'],
    ['expired', 'OrderExpired'],
    ['rejected', 'OrderRejected'],
  ] as const)('as %s takes a late fill, which is booked, with an anomaly', (executionType, type) => {
    expect(names(scene.report(order, executionType, { reason: 'why' }))).toEqual([type]);
    const late = scene.fill(order, '0.5', '60000');
    expect(names(late)).toContain('OrderFilled');
    expect(only(late, 'OrderAnomalyDetected').anomaly).toBe('late-fill');
    expect(balances().BTC).toBe('0.5');
  });

  it('twice in the same way has ended once', () => {
    scene.report(order, 'canceled');
    expect(scene.report(order, 'canceled')).toEqual([]);
  });

  it('twice in two ways is an anomaly', () => {
    scene.report(order, 'canceled');
    expect(only(scene.report(order, 'rejected'), 'OrderAnomalyDetected').anomaly).toBe('ended-twice');
    expect(only(scene.report(order, 'expired'), 'OrderAnomalyDetected').anomaly).toBe('ended-twice');
  });

  it('filled and then cancelled is an anomaly', () => {
    scene.fill(order, '1', '60000');
    expect(only(scene.report(order, 'canceled'), 'OrderAnomalyDetected').anomaly).toBe('ended-twice');
  });

  it('rejected after a part was filled keeps that part, with an anomaly', () => {
    scene.fill(order, '0.4', '60000');
    expect(names(scene.report(order, 'rejected'))).toEqual(['OrderRejected', 'OrderAnomalyDetected']);
    expect(balances().BTC).toBe('0.4');
  });

  it('rejected and then accepted may be live at the venue, which is an anomaly', () => {
    scene.report(order, 'rejected');
    expect(only(scene.report(order, 'new'), 'OrderAnomalyDetected').anomaly).toBe('accepted-after-rejection');
  });
});

describe('A cancel', () => {
  const cancel = (orderId = order.orderId, account = 'paper-1') =>
    scene.when('OrderCancelRequested', { orderId, account, reason: 'changed my mind' });

  it('is asked of the venue, which does it', () => {
    expect(only(cancel(), 'OrderCancelPending')).toMatchObject({ reason: 'changed my mind' });
    scene.report(order, 'canceled');
    expect(life()).toEqual(['OrderApproved', 'OrderCancelPending', 'OrderCanceled']);
  });

  it('that crosses the last fill is refused by the venue', () => {
    cancel();
    scene.fill(order, '1', '60000');
    expect(only(scene.report(order, 'cancel-rejected', { reason: 'filled' }), 'OrderCancelRejected').reason).toBe('filled');
    expect(scene.tape.filter(({ type }) => type === 'OrderAnomalyDetected')).toEqual([]);
  });

  it('that was never asked for and is refused is an anomaly', () => {
    expect(only(scene.report(order, 'cancel-rejected'), 'OrderAnomalyDetected').anomaly).toBe('cancel-never-asked');
  });

  it('of an order that is closed, unknown or of another account is refused', () => {
    scene.fill(order, '1', '60000');
    expect(only(cancel(), 'OrderCancelRejected').reason).toBe('already-closed');
    expect(only(cancel(makeId('nobody')), 'OrderCancelRejected').reason).toBe('unknown-order');
    expect(only(cancel(order.orderId, 'nobody'), 'OrderCancelRejected').reason).toBe('unknown-order');
  });
});

describe('An order that is not ours', () => {
  it('is noted, and what it trades is booked for people', () => {
    const stranger = { ...order, orderId: makeId('stranger'), clientOrderId: 'web-1' };
    const decided = scene.fill(stranger, '0.1', '60000', { orderId: null });
    expect(names(decided).slice(0, 3)).toEqual(['ExternalOrderSeen', 'OrderFilled', 'PositionChanged']);
    expect(only(decided, 'PositionChanged')).toMatchObject({ strategy: 'manual', quantity: '0.1' });
    const next = scene.fill(stranger, '0.2', '60000', { orderId: null, cumulativeQuantity: '0.3' });
    expect(names(next)).not.toContain('ExternalOrderSeen');
    expect(only(next, 'OrderFilled').cumulativeQuantity).toBe('0.3');
    expect(balances().BTC).toBe('0.3');
  });

  it('is found by its client order id when it is ours after all', () => {
    expect(names(scene.fill(order, '1', '60000', { orderId: null }))).not.toContain('ExternalOrderSeen');
    expect(life()).toContain('OrderFilled');
  });

  it('in an account that is not ours is noted and moves nothing', () => {
    expect(names(scene.fill({ ...order, account: 'nobody' }, '1', '60000'))).toEqual(['ExternalOrderSeen']);
  });
});

describe('The state of an order', () => {
  it('follows from its events', () => {
    const state = approvedOrder(order);
    const seen = [statusOf(state)];
    const steps: [string, object][] = [
      ['OrderSubmitted', {}],
      ['OrderUncertain', {}],
      ['OrderAccepted', {}],
      ['OrderFilled', { tradeId: 't', quantity: '0.4' }],
      ['OrderCancelPending', { requestId: 'r' }],
      ['OrderCancelRejected', {}],
      ['OrderUpdated', { quantity: '0.8', price: '100' }],
      ['OrderTriggered', {}],
      ['OrderFilled', { tradeId: 'u', quantity: '0.4' }],
    ];
    for (const [type, data] of steps) {
      evolveOrder(state, { type, data } as never);
      seen.push(statusOf(state));
    }
    expect(seen).toEqual([
      'approved',
      'submitted',
      'uncertain',
      'accepted',
      'partially-filled',
      'cancel-pending',
      'partially-filled',
      'partially-filled',
      'partially-filled',
      'filled',
    ]);
    expect(state.price).toEqual({ units: 100n, scale: 0 });
  });

  it('takes in new terms and a touched stop price from the venue', () => {
    expect(only(scene.report(order, 'replaced', { quantity: '0.5' }), 'OrderUpdated')).toMatchObject({
      quantity: '0.5',
      price: null,
    });
    expect(only(scene.report(order, 'replaced'), 'OrderAnomalyDetected').anomaly).toBe('incomplete-update');
    expect(names(scene.report(order, 'triggered'))).toEqual(['OrderTriggered']);
    scene.fill(order, '0.5', '60000');
    expect(scene.report(order, 'triggered')).toEqual([]);
    expect(only(scene.signal('sell'), 'OrderApproved').quantity).toBe('0.5');
  });
});

describe('Closed orders', () => {
  it('are remembered, but not for ever', () => {
    scene.report(order, 'canceled');
    for (let i = 0; i < MAX_CLOSED_ORDERS; i++) {
      const next = only(scene.order('buy', '0.1'), 'OrderApproved');
      if (i === 0) expect(names(scene.fill(order, '0.1', '60000'))).not.toContain('ExternalOrderSeen');
      scene.report(next, 'canceled');
      scene.tape.length = 0;
    }
    // What comes for a forgotten order is booked all the same.
    const late = scene.fill(order, '0.1', '60000', { tradeId: 'late' });
    expect(names(late).slice(0, 2)).toEqual(['ExternalOrderSeen', 'OrderFilled']);
    expect(only(late, 'AccountMarked').equity).toBe('100000');
  });
});

describe('Whatever a venue reports, in any order', () => {
  const report = fc.record({
    executionType: fc.constantFrom(
      'new',
      'trade',
      'trade',
      'trade',
      'canceled',
      'cancel-rejected',
      'rejected',
      'expired',
      'replaced',
      'triggered',
    ),
    executionId: fc.integer({ min: 1, max: 12 }),
    tradeId: fc.option(fc.integer({ min: 1, max: 6 })),
    price: fc.option(fc.constantFrom('60000', '60001.5')),
    quantity: fc.option(fc.constantFrom('0.1', '0.25', '0.5')),
    cumulativeQuantity: fc.constantFrom('0', '0.1', '0.35', '1', '1.5'),
  });

  it('no report throws, no trade is booked twice, and the state follows from the booked fills', () => {
    fc.assert(
      fc.property(fc.array(report, { maxLength: 12 }), (reports) => {
        const state = approvedOrder(order);
        const booked = new Set<string>();
        let filled = 0n;
        let wasClosed = false;
        for (const [index, given] of reports.entries()) {
          const executionId = `e${given.executionId}`;
          const data = scene.reportOf(order, given.executionType as 'trade', {
            ...given,
            executionId,
            tradeId: given.tradeId === null ? null : `t${given.tradeId}`,
          });
          if (!state.executions.has(executionId)) state.executions.set(executionId, `${index}`);
          for (const change of changesOf(state, data, `${index}`)) {
            if (change.kind === 'filled') {
              expect(booked.has(change.fill.tradeId)).toBe(false);
              booked.add(change.fill.tradeId);
              filled += parseUnits(change.fill.quantity);
            }
            apply(state, change);
          }
          expect(parseUnits(state.cumulative)).toBe(filled);
          // Nothing opens it again but the venue's own change of its terms.
          if (wasClosed && given.executionType !== 'replaced') expect(isClosed(state)).toBe(true);
          wasClosed = isClosed(state);
          const left = parseUnits(state.quantity as Decimal) - filled;
          expect(parseUnits(remainingOf(state))).toBe(isClosed(state) ? 0n : left);
          if (left <= 0n) expect(statusOf(state)).toBe('filled');
        }
      }),
    );
  });

  /** In millionths. */
  function parseUnits(value: { units: bigint; scale: number }): bigint {
    return value.units * BigInt(`1${'0'.repeat(6 - value.scale)}`);
  }

  function apply(state: ReturnType<typeof approvedOrder>, change: ReturnType<typeof changesOf>[number]): void {
    const base = { orderId: order.orderId, account: order.account, at: order.sendBy };
    const event = (type: string, data: object) => evolveOrder(state, { type, data: { ...base, ...data } } as never);
    if (change.kind === 'filled')
      event('OrderFilled', { tradeId: change.fill.tradeId, quantity: formatDecimal(change.fill.quantity) });
    else if (change.kind === 'canceled') event('OrderCanceled', {});
    else if (change.kind === 'expired') event('OrderExpired', {});
    else if (change.kind === 'rejected') event('OrderRejected', {});
    else if (change.kind === 'accepted') event('OrderAccepted', {});
    else if (change.kind === 'updated') event('OrderUpdated', { quantity: formatDecimal(change.quantity), price: null });
  }
});
