import { describe, expect, it } from 'vitest';
import { summaryLines } from '../../../src/cli/terminal/summary-lines.ts';
import type { Summary } from '../../../src/queries/run-summary.ts';

/** An account that was opened with 100 and with bitcoin that has lost 20 since. */
function account(name: string, maxVolumeShare: string, revaluation = '0'): Summary['accounts'][number] {
  const pnl = { profit: '-14.5', realized: '10', unrealized: '-4', fees: '0.5', revaluation };
  const current = { equity: '85.5', pnl, limits: [], at: '2024-08-09T00:00:05.000Z', position: '7' };
  return { account: name, currency: 'USD', maxVolumeShare, current, positions: [] };
}

function linesOf(...accounts: Summary['accounts']): string[] {
  return summaryLines({ recordings: [], strategies: [], accounts }, 'http://here');
}

describe('The summary of a run without strategies', () => {
  it('says so, and points to all signals', () => {
    const lines = linesOf();
    expect(lines).toContain('no strategies');
    expect(lines).toContain('no accounts');
    expect(lines).toContain('no positions');
    expect(lines).toContain('  http://here/v1/signals');
  });

  it('says what bounds the fills of its accounts', () => {
    expect(linesOf(account('a', '0.25'), account('b', 'off'), account('c', '0.25'))).toEqual(
      expect.arrayContaining([
        "fills at most 0.25 of a bar's volume (maxVolumeShare): a, c",
        'fills whatever the volume of a bar (maxVolumeShare): b',
      ]),
    );
  });

  it('shows all that an account’s profit is made of, in 80 columns', () => {
    const lines = linesOf(account('a', 'off'), account('holds-bitcoin', 'off', '-20'));
    expect(lines).toEqual(
      expect.arrayContaining([
        'account        equity  realized  unrealized  fees  profit  currency',
        'a               85.50     10.00       -4.00  0.50  -14.50  USD',
        'holds-bitcoin: -20.00 USD of the profit is the revaluation of what it was opened with',
      ]),
    );
    expect(lines.filter((line) => line.startsWith('a:'))).toEqual([]);
    const tables = lines.filter((line) => !line.includes(':'));
    expect(Math.max(...tables.map(({ length }) => length))).toBeLessThanOrEqual(80);
  });

  it('shows an account that the engine has not opened yet', () => {
    expect(linesOf({ ...account('a', 'off'), current: null })).toContain(
      'a             -         -           -     -       -  USD',
    );
  });
});
