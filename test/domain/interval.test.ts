import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { barOpenMs, INTERVALS, intervalMs } from '../../src/domain/interval.ts';

describe('an interval', () => {
  it.each([
    ['1s', 1000],
    ['30s', 30_000],
    ['1m', 60_000],
    ['15m', 900_000],
    ['4h', 14_400_000],
    ['1d', 86_400_000],
  ] as const)('of %s is %d ms long', (interval, ms) => expect(intervalMs(interval)).toBe(ms));

  it('divides the day evenly, and comes after the shorter ones', () => {
    const lengths = INTERVALS.map(intervalMs);
    expect(lengths.every((length) => 86_400_000 % length === 0)).toBe(true);
    expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
  });

  it('opens at the last multiple of its length, in UTC', () => {
    const times = fc.integer({ min: Date.UTC(1960, 0, 1), max: Date.UTC(2100, 0, 1) });
    fc.assert(
      fc.property(times, fc.constantFrom(...INTERVALS), (ms, interval) => {
        const open = barOpenMs(ms, interval);
        const midnight = new Date(ms).setUTCHours(0, 0, 0, 0);
        return (
          open <= ms && ms < open + intervalMs(interval) && (open - midnight) % intervalMs(interval) === 0 && open >= midnight
        );
      }),
    );
  });
});
