/** Law 4, embedded: SIGKILL at any statement, hundreds of times, leaves exactly the tape and the read models of one clean run. */

import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openEventStore, openReadStore } from '../../src/adapters/open.ts';
import { collectionOf } from '../../src/projections/projection.ts';
import { PROJECTIONS } from '../../src/projections/projections.ts';
import { TemporaryFolder } from '../adapters/temporary-folder.ts';
import { wholeTape } from '../support/small-market.ts';

const DATA = join(import.meta.dirname, '..', '..', 'data');
const CHILD = join(import.meta.dirname, 'ingest-child.ts');
const DIE = join(import.meta.dirname, '..', 'support', 'die-at-statement.ts');
/** Two lanes, as there are two cores. */
const LANES = [1, 2];
const KILLS_PER_LANE = 100;
const CANDLES = 420;
const FRAMES = 4_000;

/** A small, fixed generator (mulberry32), so that a run can be made again from its seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The head of both shipped recordings, with strategies that are quick to trade. */
function writeRecordings(folder: string): string {
  const { candles } = JSON.parse(
    gunzipSync(readFileSync(join(DATA, 'coinbase_btcusd_4h_2016-05-18_2025-10-28.json.gz'))).toString(),
  );
  writeFileSync(join(folder, 'candles.json'), JSON.stringify({ candles: candles.slice(0, CANDLES) }, null, 1));
  const frames = gunzipSync(readFileSync(join(DATA, 'spot_btcusdt_20240808.jsonl.gz')))
    .toString()
    .split('\n', FRAMES);
  writeFileSync(join(folder, 'frames.jsonl'), `${frames.join('\n')}\n`);
  const settings = JSON.parse(readFileSync(join(DATA, '..', 'settings', 'default.json'), 'utf8'));
  settings.feeds[0].recordings = ['candles.json'];
  settings.feeds[1].recordings = ['frames.jsonl'];
  settings.strategies[0].params = { fast: 2, slow: 5 };
  settings.strategies[1].params = { fast: 2, slow: 4 };
  const file = join(folder, 'settings.json');
  writeFileSync(file, JSON.stringify(settings));
  return file;
}

interface Ended {
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

function runChild(folder: string, settings: string, env: Record<string, string>): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', DIE, CHILD, folder, settings], { env: { ...process.env, ...env } });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0 || signal === 'SIGKILL') resolve({ signal, output });
      else reject(new Error(`the child ended with ${code ?? signal}: ${output}`));
    });
  });
}

/** Everything on the tape but times of recording, and every document of every read model. */
async function contentsOf(folder: string) {
  const clock = { now: () => Date.now() };
  const events = await openEventStore(`sqlite:${folder}/tape.sqlite`, clock);
  const reads = await openReadStore(`sqlite:${folder}/reads.sqlite`);
  const tape = (await wholeTape(events)).map(({ id, stream, revision, position, type, data, metadata }) => {
    const { occurredAt, ...rest } = metadata;
    // Settings are stamped by the edge's clock, and what is decided upon them carries their time.
    return { id, stream, revision, position, type, data, ...rest };
  });
  const documents: unknown[] = [];
  for (const projection of PROJECTIONS) {
    const collection = collectionOf(projection);
    const field = projection.indexes[0]?.[0] ?? '_position';
    const found = await reads.find({ collection, sort: { field, descending: false }, limit: 1000 });
    documents.push(...found.map(({ key, document }) => ({ collection, key, text: withoutClock(document) })));
  }
  await reads.close();
  await events.close();
  return { tape, documents };
}

function withoutClock(document: unknown): string {
  return JSON.stringify(document).replace(/"20[23]\d-[^"]*Z(\/\d+)?"/g, (time) => (time > '"2026' ? '"now"' : time));
}

describe('killed at any point', () => {
  it(`${LANES.length * KILLS_PER_LANE} times, the system leaves the tape and the read models of one clean run`, {
    timeout: 600_000,
  }, async () => {
    const folder = new TemporaryFolder().path;
    const settings = writeRecordings(folder);
    const clean = join(folder, 'clean');
    mkdirSync(clean);
    const { output } = await runChild(clean, settings, { REPORT_STATEMENTS: '1' });
    const statements = Number(/statements (\d+)/.exec(output)?.[1]);
    const expected = await contentsOf(clean);
    expect(expected.tape.filter(({ type }) => type === 'OrderFilled').length).toBeGreaterThan(5);

    const finished = await Promise.all(
      LANES.map(async (lane) => {
        const random = seeded(lane);
        const kept = join(folder, `lane-${lane}`);
        let finishes = 0;
        for (let kills = 0; kills < KILLS_PER_LANE; ) {
          mkdirSync(kept, { recursive: true });
          // Up to half a clean run, so that most tapes are killed several times on their way.
          const dieAt = 1 + Math.floor(random() * (statements / 2));
          const { signal } = await runChild(kept, settings, { DIE_AT: String(dieAt) });
          if (signal === 'SIGKILL') {
            kills++;
            continue;
          }
          finishes++;
          expect(await contentsOf(kept)).toEqual(expected);
          rmSync(kept, { recursive: true });
        }
        mkdirSync(kept, { recursive: true });
        await runChild(kept, settings, {});
        expect(await contentsOf(kept)).toEqual(expected);
        return finishes;
      }),
    );
    // Not one tape alone was killed again and again at its end.
    expect(Math.min(...finished)).toBeGreaterThanOrEqual(2);
  });
});
