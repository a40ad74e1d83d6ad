import { describe, expect, it } from 'vitest';
import { summaryLines } from '../../../src/cli/terminal/summary-lines.ts';

describe('The summary of a run without strategies', () => {
  it('says so, and points to all signals', () => {
    const lines = summaryLines({ recordings: [], strategies: [], accounts: [] }, 'http://here');
    expect(lines).toContain('no strategies');
    expect(lines).toContain('no accounts');
    expect(lines).toContain('  http://here/v1/signals');
  });
});
