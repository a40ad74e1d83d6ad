import { describe, expect, it } from 'vitest';
import { isAbreast } from '../../../src/runtime/process/lag.ts';

describe('a read model', () => {
  it.each([
    [true, 0, true],
    // On a busy tape nobody is ever at its very end.
    [false, 20, true],
    [false, 5_000, true],
    [false, 5_001, false],
    [false, null, false],
  ])('caught up: %j, with a lag of %j ms, may serve: %j', (caughtUp, lagMs, mayServe) => {
    expect(isAbreast({ caughtUp, lagMs })).toBe(mayServe);
  });
});
