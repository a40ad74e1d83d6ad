import { describe, expect, it } from 'vitest';
import { Budget } from '../../../src/api/limits/budget.ts';

/** What each gets of a budget when all ask, in turns, for as much as they can. */
function shares(limit: number, holders: readonly string[]): number[] {
  const budget = new Budget(limit);
  const got = holders.map(() => 0);
  for (let turn = 0; turn < limit; turn++) {
    holders.forEach((holder, index) => {
      if (budget.isUsedUp(holder)) return;
      budget.take(holder);
      got[index] = (got[index] ?? 0) + 1;
    });
  }
  return got;
}

describe('a budget', () => {
  it.each([
    [['a'], [50]],
    [
      ['a', 'b'],
      [34, 33],
    ],
    [
      ['a', 'b', 'c'],
      [25, 25, 25],
    ],
  ])('is shared out among %j, and something is left for the next', (holders, expected) => {
    expect(shares(100, holders)).toEqual(expected);
  });

  it('has something for a newcomer, whatever the others did before', () => {
    const budget = new Budget(100);
    while (!budget.isUsedUp('greedy')) budget.take('greedy');
    expect(budget.inHand).toBe(50);
    for (const newcomer of ['b', 'c', 'd']) {
      expect(budget.isUsedUp(newcomer)).toBe(false);
      while (!budget.isUsedUp(newcomer)) budget.take(newcomer);
    }
    expect(budget.inHand).toBeLessThan(100);
  });

  it('is used as a whole where there is nobody to share with, and not beyond', () => {
    const budget = new Budget(3);
    for (let held = 0; held < 3; held++) {
      expect(budget.isUsedUp(null)).toBe(false);
      budget.take(null);
    }
    expect(budget.isUsedUp(null)).toBe(true);
    expect(budget.isUsedUp('a')).toBe(true);
    budget.giveBack(null);
    expect(budget.isUsedUp(null)).toBe(false);
  });

  it('is whole again when everything was given back', () => {
    const budget = new Budget(10);
    for (const holder of ['a', 'b', 'a', null, 'a']) budget.take(holder);
    for (const holder of ['a', 'a', null, 'b', 'a']) budget.giveBack(holder);
    expect(budget.inHand).toBe(0);
    for (let held = 0; held < 5; held++) budget.take('a');
    expect(budget.isUsedUp('a')).toBe(true);
    expect(budget.isUsedUp('b')).toBe(false);
  });
});
