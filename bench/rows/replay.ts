import { DatabaseSync } from 'node:sqlite';
import { openEventStore } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { verify } from '../../src/audit/verify.ts';
import { ENGINE_STREAM, EVIDENCE_CATEGORIES } from '../../src/domain/streams.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { EngineReplica } from '../../src/runtime/engine/engine-replica.ts';
import { runOver } from '../../src/runtime/engine/tape-program.ts';
import { BUILD, newEngine, recordedTape } from '../recorded-tape.ts';
import { atWork, type Outcome, perSecond, type Row, serially } from '../row.ts';

const ROUNDS = 9;

/** Both read the evidence and the stream `engine`, and not the copies of decisions. */
export const replay: Row = {
  name: 'replay',
  path: 'restart by adoption; replay verify',
  async run(): Promise<Outcome[]> {
    const file = await recordedTape();
    const rows = readRows(file);
    const store = await openEventStore(`sqlite:${file}`, systemTime);
    const head = await store.head();
    const against = async (what: string, bound: number, work: () => Promise<unknown>): Promise<Outcome> => {
      const { raw, ours, ratio } = await serially(
        ROUNDS,
        () => atWork(() => readRows(file)),
        () => atWork(work),
      );
      return {
        what: `rows ${what}, against reading and JSON.parse of the same rows`,
        measured: perSecond(rows, ours),
        raw: perSecond(rows, raw),
        value: ratio,
        bound,
        atLeast: true,
        unit: 'x',
      };
    };
    const outcomes = [
      await against('adopted', 0.5, () => adopted(store, head)),
      await against('verified', 0.3, async () => {
        const { own, others, undecided } = await verify(store, newEngine(), BUILD);
        if (own.differing + others.evidence + undecided > 0) throw new Error('the tape does not verify');
      }),
    ];
    await store.close();
    return outcomes;
  },
};

/** To the tape's end: its last evidence has no cascade, and a checkpoint says that it is decided. */
async function adopted(store: EventStore, head: string): Promise<void> {
  const follower = new EngineReplica(newEngine(), BUILD);
  await runOver(store, follower.adopt());
  follower.decidedUpTo = { activation: follower.activation, position: head };
  await runOver(store, follower.adopt());
}

/** Reads and parses; returns how many rows there are. */
function readRows(file: string): number {
  const db = new DatabaseSync(file, { readOnly: true });
  const categories = [...EVIDENCE_CATEGORIES, ENGINE_STREAM].map((category) => `'${category}'`).join(', ');
  const select = db.prepare(`SELECT position, id, stream, revision, type, schema_version, data, metadata, recorded_at
    FROM events WHERE category IN (${categories}) ORDER BY position`);
  select.setReturnArrays(true);
  let rows = 0;
  for (const row of select.iterate() as Iterable<unknown>) {
    const [data, metadata] = (row as string[]).slice(6, 8) as [string, string];
    if (JSON.parse(data) !== null && JSON.parse(metadata) !== null) rows++;
  }
  db.close();
  return rows;
}
