import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bars } from '../../../exchange-simulator/market/bars.ts';
import { Market } from '../../../exchange-simulator/market/market.ts';
import type { DepthChanged } from '../../../exchange-simulator/market/market-event.ts';
import { readRecording } from '../../../exchange-simulator/venues/binance/recording.ts';
import { BTCUSDT } from '../../../exchange-simulator/venues/binance-usdm/requests/symbols.ts';
import { compareWithTickers, linesOf } from '../recorded-tickers.ts';
import { GivenUsdm } from './given.ts';

const RECORDING = join(import.meta.dirname, '../../../data/usdm_btcusdt_20240718_head.jsonl.gz');

describe('a recording of futures', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'usdm-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('has the best prices that Binance itself sent at the same update ids, to its end', () => {
    const market = new Market(BTCUSDT, new Bars());
    expect(compareWithTickers(market, RECORDING, 5000)).toBeGreaterThan(20);
    const ids = market.trades.latest(5000).map(({ id }) => id);
    expect(ids.at(-1)).toBe((ids[0] ?? 0) + ids.length - 1);
    expect(ids.length).toBeGreaterThan(50);
  });

  it('is refused where an update is missing, though ids of futures never follow on each other', () => {
    const read = (lines: readonly string[]): number => {
      const file = join(folder, 'frames.jsonl');
      writeFileSync(file, lines.join('\n'));
      return [...readRecording([file])].filter(({ kind }) => kind === 'depth').length;
    };
    const lines = linesOf(RECORDING).slice(0, 200);
    const updates = lines.flatMap((line, index) => (line.includes('@depth') ? [index] : []));
    expect(read(lines)).toBeGreaterThan(30);
    for (const index of updates.slice(10, -1)) {
      expect(() => read(lines.filter((_line, other) => other !== index))).toThrow(/The recording lacks the changes/);
    }
  });
});

describe('a market of futures past the end of its recording', () => {
  it('has ids of other books between its own, and names the id that each update follows on', async () => {
    const given = new GivenUsdm(true);
    const changes: DepthChanged[] = [];
    given.market.observe({ depth: (change) => changes.push(change) });
    await given.clock.advance(10_000);
    for (const [index, { previousId, firstId, lastId, bids, asks }] of changes.entries()) {
      if (index > 0) expect(previousId).toBe(changes[index - 1]?.lastId);
      expect(lastId - firstId + 1).toBe(bids.length + asks.length);
    }
    expect(changes.filter(({ previousId, firstId }) => firstId > previousId + 1).length).toBeGreaterThan(changes.length / 2);
  });
});
