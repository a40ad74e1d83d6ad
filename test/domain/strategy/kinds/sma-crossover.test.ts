import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { smaCrossover } from '../../../../src/domain/strategy/kinds/sma-crossover.ts';
import { BTCUSDT, barOf } from '../../../support/fixtures.ts';

function changesOf(fast: number, slow: number, cents: readonly number[]) {
  const state = smaCrossover.start({ fast, slow }, BTCUSDT);
  return cents.map((close) => smaCrossover.evolve(state, barOf({ close: (close / 100).toFixed(2) })));
}

/** Sums again for each bar, in cents. */
function naiveSides(fast: number, slow: number, cents: readonly number[]): (string | null)[] {
  let side: string | null = null;
  return cents.map((_, index) => {
    if (index + 1 < slow) return null;
    const sum = (count: number) => cents.slice(index + 1 - count, index + 1).reduce((total, close) => total + close, 0);
    const sign = Math.sign(sum(fast) * slow - sum(slow) * fast);
    const now: string | null = sign > 0 ? 'buy' : sign < 0 ? 'sell' : side;
    const hasChanged = side !== null && now !== side;
    side = now;
    return hasChanged ? now : null;
  });
}

describe('the moving average crossover', () => {
  it('signals where sums that are taken again at each bar change sides', () => {
    const periods = fc
      .tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 }))
      .map(([fast, more]) => [fast, fast + more] as const);
    const closes = fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 80 });
    fc.assert(
      fc.property(periods, closes, ([fast, slow], cents) => {
        const sides = changesOf(fast, slow, cents).map((change) => change?.side ?? null);
        expect(sides).toEqual(naiveSides(fast, slow, cents));
      }),
      { numRuns: 500 },
    );
  });

  it('gives no signal for its first side, and keeps the last side while the averages are equal', () => {
    // Averages of 1 and 2 bars: above, equal, above, below, equal, above.
    expect(changesOf(1, 2, [100, 200, 200, 300, 100, 100, 200]).map((change) => change?.side ?? null)).toEqual([
      null,
      null,
      null,
      null,
      'sell',
      null,
      'buy',
    ]);
  });

  it('says which sums it compared', () => {
    const changes = changesOf(2, 3, [100, 200, 300, 50, 25]);
    // After 50: fast (300 + 50) / 2 = 175, slow (200 + 300 + 50) / 3 = 183.33.
    expect(changes[3]).toEqual({
      side: 'sell',
      reason: { fastSum: '3.5', fastPeriod: 2, slowSum: '5.5', slowPeriod: 3, fastAverage: '1.75', slowAverage: '1.83' },
    });
  });

  it('refuses a fast period that is not less than the slow one, and one that is longer than what is kept', () => {
    expect(smaCrossover.params.safeParse({ fast: 5, slow: 5 }).success).toBe(false);
    expect(smaCrossover.params.safeParse({ fast: 5, slow: 1001 }).success).toBe(false);
    expect(smaCrossover.params.safeParse({ fast: 50, slow: 200 }).success).toBe(true);
  });
});
