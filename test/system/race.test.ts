/** Several processes on one tape, without a lease: it stays that of one. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openEventStore, openRecording } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { Tally } from '../../src/domain/feed/tally.ts';
import { applySettings } from '../../src/requests/settings-apply.ts';
import { loadSettings, recordingPath } from '../../src/requests/settings-file.ts';
import { makeEvidence } from '../../src/tape/envelope.ts';
import { endChildrenAfterwards, startNode, startTapedeck, tapedeck } from '../support/child.ts';
import { factsIn } from '../support/facts.ts';
import { writeMergedHeads, writeRecordedHeads } from '../support/recorded-heads.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';
import { until } from '../support/until.ts';

endChildrenAfterwards();
const temporary = new TemporaryFolder();
const ENGINE = join(import.meta.dirname, 'engine-child.ts');
let folders = 0;

function newFolder(): string {
  const folder = join(temporary.path, `race-${++folders}`);
  mkdirSync(folder);
  return folder;
}

const FEEDS = [
  ['candles.json', 'coinbase', 'BTC-USD'],
  ['frames.jsonl', 'binance', 'BTCUSDT'],
] as const;

function ingestArguments(folder: string, [file, venue, symbol]: (typeof FEEDS)[number]): string[] {
  return ['ingest', join(folder, file), '--venue', venue, '--symbol', symbol];
}

/** One process, one recording after the other. */
async function cleanRun(): Promise<Record<string, unknown[]>> {
  const folder = newFolder();
  const env = { TAPEDECK_DATA: folder, TAPEDECK_SETTINGS: writeRecordedHeads(folder, 300, 6_000) };
  for (const feed of FEEDS) expect(await tapedeck(ingestArguments(folder, feed), env)).toMatchObject({ code: 0, stderr: '' });
  return factsIn(folder);
}

function sorted(facts: Record<string, unknown[]>): Record<string, unknown[]> {
  // Two feeds that are ingested side by side are decided in whichever order they came; their cascades are the same.
  return {
    ...facts,
    engine: [...(facts.engine ?? [])].sort((a, b) => ((a as { id: string }).id < (b as { id: string }).id ? -1 : 1)),
  };
}

describe('several processes on one tape', () => {
  it('that ingest the same recordings at once leave the tape of one', { timeout: 120_000 }, async () => {
    const expected = await cleanRun();
    const folder = newFolder();
    const env = { TAPEDECK_DATA: folder, TAPEDECK_SETTINGS: writeRecordedHeads(folder, 300, 6_000) };
    const children = [...FEEDS, ...FEEDS].map((feed) => startTapedeck(ingestArguments(folder, feed), env));
    for (const { ended } of children) expect(await ended).toMatchObject({ code: 0, stderr: '' });
    expect(sorted(await factsIn(folder))).toEqual(sorted(expected));
  });

  it('that take in all recordings at once, of which two are killed, leave the tape of one', { timeout: 120_000 }, async () => {
    const given = () => {
      const folder = newFolder();
      return { folder, env: { TAPEDECK_DATA: folder, TAPEDECK_SETTINGS: writeMergedHeads(folder, 300, 4_000) } };
    };
    const [clean, raced] = [given(), given()];
    expect(await tapedeck(['ingest', '--all'], clean.env)).toMatchObject({ code: 0, stderr: '' });
    const children = Array.from({ length: 4 }, () => startTapedeck(['ingest', '--all'], raced.env));
    const tape = await openEventStore(`sqlite:${join(raced.folder, 'tape.sqlite')}`, systemTime);
    await until(async () => Number(await tape.head()) > 400, { what: 'they have begun' });
    await tape.close();
    for (const { process } of children.slice(0, 2)) process.kill('SIGKILL');
    const ended = await Promise.all(children.map(({ ended }) => ended));
    expect(ended.slice(2)).toMatchObject([
      { code: 0, stderr: '' },
      { code: 0, stderr: '' },
    ]);
    for (const line of ended.slice(2).flatMap(({ stdout }) => stdout.trim().split('\n'))) {
      expect(JSON.parse(line)).toMatchObject({ complete: true, differing: 0, older: 0 });
    }
    expect(await factsIn(raced.folder)).toEqual(await factsIn(clean.folder));
  });

  it.each(['locked', 'unlocked'])(
    'of which two decide live, %s, while a third records, leave what is decided in step',
    { timeout: 120_000 },
    async (lock) => {
      const expected = await cleanRun();
      const folder = newFolder();
      const settingsFile = writeRecordedHeads(folder, 300, 6_000);
      const file = join(folder, 'tape.sqlite');
      const events = await openEventStore(`sqlite:${file}`, systemTime);
      const origin = { actor: 'ingest', codeVersion: 'test' };
      const { settings } = await applySettings(events, await loadSettings(settingsFile), { clock: systemTime, ...origin });
      const engines = [0, 1].map(() => startNode([ENGINE, file, lock]));
      for (const engine of engines) await engine.saw('ready');
      for (const feed of settings.feeds.values()) {
        const instrument = settings.instruments.get(`${feed.venue}.${feed.symbol}`);
        if (instrument === undefined) throw new Error('the feed has an instrument');
        const revisions = new Map<string, number>();
        const recording = openRecording([recordingPath(settingsFile, feed.recordings[0] ?? '')], feed, instrument);
        for await (const drafts of recording.evidence({ tally: new Tally() })) {
          for (const draft of drafts) {
            const evidence = makeEvidence(draft.type, draft.stream, draft.key, draft.data, {
              ...origin,
              occurredAt: draft.occurredAt,
            });
            const appended = await events.append(draft.stream, revisions.get(draft.stream) ?? 'no-stream', [evidence]);
            revisions.set(draft.stream, appended.revision);
          }
        }
      }
      await events.close();
      for (const engine of engines) engine.process.stdin.end();
      for (const { ended } of engines) expect(await ended).toMatchObject({ code: 0, stderr: '' });
      expect(await factsIn(folder)).toEqual(expected);
    },
  );
});
