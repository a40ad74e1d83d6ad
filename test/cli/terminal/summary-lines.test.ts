import { describe, expect, it } from 'vitest';
import { summaryLines } from '../../../src/cli/terminal/summary-lines.ts';

describe('The summary of a run without strategies', () => {
  it('says so, and points to all signals', () => {
    const lines = summaryLines({ recordings: [], strategies: [], accounts: [] }, 'http://here');
    expect(lines).toContain('no strategies');
    expect(lines).toContain('no accounts');
    expect(lines).toContain('  http://here/v1/signals');
  });

  it('says what bounds the fills of its accounts', () => {
    const account = (name: string, maxVolumeShare: string) => {
      return { account: name, currency: 'USD', equity: '1', profit: '0', maxVolumeShare, positions: [] };
    };
    const accounts = [account('a', '0.25'), account('b', 'off'), account('c', '0.25')];
    expect(summaryLines({ recordings: [], strategies: [], accounts }, 'http://here')).toEqual(
      expect.arrayContaining([
        "fills at most 0.25 of a bar's volume (maxVolumeShare): a, c",
        'fills whatever the volume of a bar (maxVolumeShare): b',
      ]),
    );
  });
});
