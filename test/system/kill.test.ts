/** Law 4, embedded: SIGKILL at any statement, again and again, leaves exactly the tape and the read models of one clean run. */

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openEventStore, openReadStore } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { PROJECTIONS } from '../../src/projections/projections.ts';
import { servingCollection } from '../../src/runtime/projections/builds.ts';
import { type Ended, endChildrenAfterwards, startNode } from '../support/child.ts';
import { writeMergedHeads } from '../support/recorded-heads.ts';
import { counts } from '../support/scale.ts';
import { seeded } from '../support/seeded.ts';
import { wholeTape } from '../support/small-market.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';

endChildrenAfterwards();

const CHILD = join(import.meta.dirname, 'ingest-child.ts');
const DIE = join(import.meta.dirname, '..', 'support', 'die-at-statement.ts');
/** Two lanes, as there are two cores. */
const LANES = [1, 2];
const KILLS_PER_LANE = counts.kills / LANES.length;
const CANDLES = 420;
const FRAMES = 4_000;

async function runChild(folder: string, settings: string, env: Record<string, string>): Promise<Ended> {
  const ended = await startNode(['--import', DIE, CHILD, folder, settings], env).ended;
  if (ended.code !== 0 && ended.signal !== 'SIGKILL') throw new Error(`the child ended with ${ended.code}: ${ended.stderr}`);
  return ended;
}

/** Everything on the tape but times of recording, and every document of every read model. */
async function contentsOf(folder: string) {
  const events = await openEventStore(`sqlite:${folder}/tape.sqlite`, systemTime);
  const reads = await openReadStore(`sqlite:${folder}/reads.sqlite`, systemTime);
  const tape = (await wholeTape(events)).map(({ id, stream, revision, position, type, data, metadata }) => {
    const { occurredAt, ...rest } = metadata;
    // Settings are stamped by the edge's systemTime, and what is decided on them carries their time.
    return { id, stream, revision, position, type, data, ...rest };
  });
  const documents: unknown[] = [];
  for (const projection of PROJECTIONS) {
    const collection = await servingCollection(reads, projection);
    const field = projection.indexes[0]?.[0] ?? '_position';
    const found = await reads.find({ collection, sort: { field, isDescending: false }, limit: 1000 });
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
  it(`${counts.kills} times, the system leaves the tape and the read models of one clean run`, {
    timeout: 600_000,
  }, async () => {
    const folder = new TemporaryFolder().path;
    const settings = writeMergedHeads(folder, CANDLES, FRAMES);
    const clean = join(folder, 'clean');
    mkdirSync(clean);
    const { stdout } = await runChild(clean, settings, { REPORT_STATEMENTS: '1' });
    const statements = Number(/statements (\d+)/.exec(stdout)?.[1]);
    const expected = await contentsOf(clean);
    expect(expected.tape.filter(({ type }) => type === 'OrderFilled').length).toBeGreaterThan(5);

    const finished = await Promise.all(
      LANES.map(async (lane) => {
        const random = seeded(lane);
        const kept = join(folder, `lane-${lane}`);
        let finishes = 0;
        for (let kills = 0; kills < KILLS_PER_LANE; ) {
          mkdirSync(kept, { recursive: true });
          // A start on a tape that is whole takes half as many statements as a clean run: some get through.
          const dieAt = 1 + Math.floor(random() * statements * 0.9);
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
    expect(Math.min(...finished)).toBeGreaterThanOrEqual(Math.ceil(KILLS_PER_LANE / 50));
  });
});
