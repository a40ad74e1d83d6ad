import { describe, expect, it } from 'vitest';
import { formatDecimal, parseDecimal } from '../../../../src/domain/decimal.ts';
import type { Outcome } from '../../../../src/domain/order/type.ts';
import { limit } from '../../../../src/domain/order/types/limit.ts';
import { BAR, working } from './working.ts';

const TICK = parseDecimal('0.01');

function said(outcome: Outcome | null): string {
  if (outcome === null) return 'nothing';
  const when = outcome.time === BAR.openTime ? 'at the open' : 'at the close';
  return outcome.kind === 'fill'
    ? `${outcome.liquidity} ${formatDecimal(outcome.price)} ${when}`
    : `expires: ${outcome.reason} ${when}`;
}

describe('A limit order', () => {
  it('needs a price that is a multiple of the tick', () => {
    expect(limit.misfit(parseDecimal('100.01'), TICK)).toBeNull();
    expect(limit.misfit(null, TICK)).toEqual({ reason: 'invalid-price', value: null, bound: 'a limit' });
    expect(limit.misfit(parseDecimal('100.001'), TICK)).toEqual({ reason: 'invalid-price', value: '100.001', bound: '0.01' });
  });

  it('rests unless it is IOC, and is reserved at its price', () => {
    expect(limit.isImmediate('GTC')).toBe(false);
    expect(limit.isImmediate('IOC')).toBe(true);
    expect(limit.reservePrice(parseDecimal('99'), parseDecimal('101'))).toEqual(parseDecimal('99'));
  });

  it('takes from levels at its price or better', () => {
    const takes = (side: 'buy' | 'sell', level: string) => limit.takes(working({ side, price: '100' }), parseDecimal(level));
    expect(['99.99', '100', '100.01'].map((level) => takes('buy', level))).toEqual([true, true, false]);
    expect(['99.99', '100', '100.01'].map((level) => takes('sell', level))).toEqual([false, true, true]);
  });

  it.each([
    ['buy', '90', 'nothing'],
    ['buy', '90.01', 'maker 90.01 at the close'],
    ['sell', '110', 'nothing'],
    ['sell', '109.99', 'maker 109.99 at the close'],
  ] as const)('that rests beside a book, to %s at %s: a bar from 90 to 110 means %s', (side, price, outcome) => {
    expect(said(limit.restThroughBar(working({ side, price }), BAR))).toBe(outcome);
  });

  it.each([
    ['buy', '100', {}, 'taker 100 at the open'],
    ['buy', '100', { hasMetMarket: true }, 'maker 100 at the open'],
    ['buy', '95', {}, 'maker 95 at the close'],
    ['buy', '90', {}, 'nothing'],
    ['sell', '99', {}, 'taker 100 at the open'],
    ['sell', '105', {}, 'maker 105 at the close'],
    ['buy', '100', { isImmediate: true }, 'taker 100 at the open'],
    ['buy', '99.99', { isImmediate: true }, 'expires: unfilled-rest at the open'],
  ] as const)('to %s at %s, %j: a candle that opens at 100 means %s', (side, price, of, outcome) => {
    expect(said(limit.meetCandle(working({ side, price, ...of }), BAR))).toBe(outcome);
  });
});
