import { describe, expect, it } from 'vitest';
import { checkSettings } from '../../../src/domain/settings/check.ts';
import { outOfRange } from '../../../src/domain/settings/ranges.ts';
import { smallSettings } from '../../support/small-market.ts';

/** What is refused of a proposal with that generation, and that slippage of its first account. */
function refused(generation: number, slippage: string): string[] {
  const settings = smallSettings(generation, 1, 2);
  const accounts = settings.accounts.map((account, index) => (index === 0 ? { ...account, slippage } : account));
  const checked = checkSettings({ ...settings, accounts });
  if ('violations' in checked) throw new Error(checked.violations.join('\n'));
  return outOfRange(checked.settings);
}

describe('a proposal', () => {
  it('has a generation that leaves a next one', () => {
    expect(refused(1_764_547_200_000, '0')).toEqual([]);
    expect(refused(Number.MAX_SAFE_INTEGER, '0')).toEqual([
      expect.stringMatching(/^generation: must be at most 1000000000000000/),
    ]);
  });

  it('has a slippage below all of the price', () => {
    expect(refused(1, '0.999')).toEqual([]);
    for (const all of ['1', '1.0']) {
      expect(refused(1, all)).toEqual([expect.stringMatching(/^accounts\[0\]\.slippage: must be below 1/)]);
    }
  });
});
