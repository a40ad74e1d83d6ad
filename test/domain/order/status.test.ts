import { describe, expect, it } from 'vitest';
import { parseDecimal } from '../../../src/domain/decimal.ts';
import { isClosed, OPEN_STATUSES, ORDER_STATUSES, type OrderProgress, statusOf } from '../../../src/domain/order/status.ts';

function progress(quantity: string | null, cumulative: string, of: Partial<OrderProgress> = {}): OrderProgress {
  return {
    quantity: quantity === null ? null : parseDecimal(quantity),
    cumulative: parseDecimal(cumulative),
    phase: 'accepted',
    ended: null,
    isCancelPending: false,
    ...of,
  };
}

describe('The status of an order', () => {
  it.each([
    ['denied', progress('1', '0', { ended: 'denied' }), true],
    ['denied', progress('0', '0', { ended: 'denied' }), true],
    ['approved', progress('1', '0', { phase: 'approved' }), false],
    ['submitted', progress('1', '0', { phase: 'submitted' }), false],
    ['uncertain', progress('1', '0', { phase: 'uncertain' }), false],
    ['accepted', progress('1', '0'), false],
    ['partially-filled', progress('1', '0.5', { phase: 'approved' }), false],
    ['cancel-pending', progress('1', '0.5', { isCancelPending: true }), false],
    ['filled', progress('1', '1', { isCancelPending: true }), true],
    ['filled', progress('1', '1.1', { ended: 'canceled' }), true],
    ['canceled', progress('1', '0.5', { ended: 'canceled' }), true],
    ['rejected', progress('1', '0', { ended: 'rejected' }), true],
    ['expired', progress('1', '0', { ended: 'expired' }), true],
    ['external', progress(null, '3', { ended: 'external' }), true],
    ['unknown', progress(null, '3'), false],
    ['unknown', progress(null, '0', { ended: 'canceled' }), true],
  ] as const)('is %s, closed: %3$s', (status, order, closed) => {
    expect([statusOf(order), isClosed(order)]).toEqual([status, closed]);
  });

  it('is open for whatever may still be filled', () => {
    const others = ORDER_STATUSES.filter((status) => !(OPEN_STATUSES as readonly string[]).includes(status));
    expect(others).toEqual(['denied', 'filled', 'canceled', 'rejected', 'expired', 'external', 'unknown']);
  });
});
