import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openSqliteEventStore } from '../../../src/adapters/sqlite/event-store.ts';
import { endChildrenAfterwards, startTapedeck } from '../../support/child.ts';
import { timeAt } from '../../support/test-time.ts';

const folder = mkdtempSync(join(tmpdir(), 'tapedeck-test-'));
endChildrenAfterwards();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const RECORDING = 'data/coinbase_btcusd_4h_2016-05-18_2025-10-28.json.gz';
/** Bars, and the feed's beginning and end. */
const EVIDENCE = 20_695 + 2;

const startIngest = () =>
  startTapedeck(['ingest', RECORDING, '--venue', 'coinbase', '--symbol', 'BTC-USD'], { TAPEDECK_DATA: folder });

async function tapeReaches(position: number): Promise<void> {
  const tape = await openSqliteEventStore(join(folder, 'tape.sqlite'), timeAt(0));
  while (Number(await tape.head()) < position) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
  await tape.close();
}

describe('An ingest that is told to stop', () => {
  it('says that it is not complete, and the same command goes on from there', { timeout: 30_000 }, async () => {
    const stopped = startIngest();
    await tapeReaches(1_000);
    stopped.process.kill('SIGINT');
    const { code, stdout, stderr } = await stopped.ended;
    const first = JSON.parse(stdout);
    expect(first).toMatchObject({ complete: false, already: 0 });
    expect(stderr).toBe('tapedeck: stopped before the end of the recording: the same command goes on where this one left off\n');
    expect(code).toBe(2);
    const rest = await startIngest().ended;
    expect(JSON.parse(rest.stdout)).toMatchObject({
      complete: true,
      already: first.recorded,
      recorded: EVIDENCE - first.recorded,
    });
    expect(rest.code).toBe(0);
  });
});
