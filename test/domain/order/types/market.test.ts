import { describe, expect, it } from 'vitest';
import { formatDecimal, parseDecimal } from '../../../../src/domain/decimal.ts';
import { market } from '../../../../src/domain/order/types/market.ts';
import { BAR, working } from './working.ts';

describe('A market order', () => {
  it('has no price, and never rests', () => {
    expect(market.misfit(null, parseDecimal('0.01'))).toBeNull();
    expect(market.misfit(parseDecimal('100'), parseDecimal('0.01'))).toEqual({
      reason: 'invalid-price',
      value: '100',
      bound: 'no price',
    });
    expect(market.isImmediate('GTC')).toBe(true);
    expect(market.restThroughBar(working({ price: null }), BAR)).toBeNull();
  });

  it('is reserved at what taking would cost, or at a limit that the venue has put to it', () => {
    expect(market.reservePrice(null, parseDecimal('101'))).toEqual(parseDecimal('101'));
    expect(market.reservePrice(parseDecimal('99'), parseDecimal('101'))).toEqual(parseDecimal('99'));
  });

  it('takes from every level, and says whether there was any', () => {
    expect(market.takes(working({ price: null }), parseDecimal('1000000'))).toBe(true);
    expect(market.restReason(false)).toBe('no-liquidity');
    expect(market.restReason(true)).toBe('unfilled-rest');
  });

  it.each([
    ['buy', '0.00105', '100.11'],
    ['sell', '0.00105', '99.89'],
    ['buy', '0', '100'],
    ['sell', '1', '0.01'],
  ] as const)('to %s with a slippage of %s fills a candle at %s, adverse to the tick', (side, slippage, price) => {
    const outcome = market.meetCandle(working({ side, price: null, slippage: parseDecimal(slippage) }), BAR);
    expect(outcome).toMatchObject({ kind: 'fill', liquidity: 'taker', time: BAR.openTime });
    expect(outcome?.kind === 'fill' && formatDecimal(outcome.price)).toBe(price);
  });
});
