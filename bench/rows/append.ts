import { openEventStore } from '../../src/adapters/open.ts';
import { openTapeFile } from '../../src/adapters/sqlite/tape-file.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import type { TapeEvent } from '../../src/domain/catalogue.ts';
import { categoryOf } from '../../src/domain/streams.ts';
import { eventPagesOf } from '../../src/ports/pages.ts';
import { newFile, recordedTape } from '../recorded-tape.ts';
import { type Outcome, perSecond, type Row, serially, timed } from '../row.ts';

const BATCH = 100;
const BATCHES = 120;
const ROUNDS = 7;

export const append: Row = {
  name: 'append',
  path: 'append, embedded, batches of 100',
  async run(): Promise<Outcome[]> {
    const batches = await recordedBatches();
    const { raw, ours, ratio } = await serially(
      ROUNDS,
      () => insertAll(batches),
      () => appendAll(batches),
    );
    const count = batches.length * BATCH;
    return [
      {
        what: 'events appended, against the bare insert of the same rows and indexes',
        measured: perSecond(count, ours),
        raw: perSecond(count, raw),
        value: ratio,
        bound: 0.8,
        atLeast: true,
        unit: 'x',
      },
    ];
  },
};

/** The recorded candles in batches, each for one of ten streams. */
export async function recordedBatches(): Promise<readonly TapeEvent[][]> {
  const store = await openEventStore(`sqlite:${await recordedTape()}`, systemTime);
  const batches: TapeEvent[][] = [];
  for await (const page of eventPagesOf(store, { categories: ['bars'] }, BATCHES * BATCH)) {
    for (let from = 0; from < page.length; from += BATCH) {
      const stream = `bars-bench.${batches.length % 10}`;
      batches.push(
        page.slice(from, from + BATCH).map(({ id, type, schemaVersion, data, metadata }) => {
          return { id, stream, type, schemaVersion, data, metadata } as TapeEvent;
        }),
      );
    }
  }
  await store.close();
  return batches;
}

/** To a new tape, one batch after the other. Returns the milliseconds. */
export async function appendAll(batches: readonly TapeEvent[][]): Promise<number> {
  const store = await openEventStore(`sqlite:${newFile()}`, systemTime);
  const revisions = new Map<string, number>();
  const took = await timed(async () => {
    for (const events of batches) {
      const { stream } = events[0] as TapeEvent;
      revisions.set(stream, (await store.append(stream, revisions.get(stream) ?? 'no-stream', events)).revision);
    }
  });
  await store.close();
  return took;
}

/** The same rows, ready as they are, into the same table with the same durability, and nothing else. */
async function insertAll(batches: readonly TapeEvent[][]): Promise<number> {
  const now = new Date().toISOString();
  let position = 0;
  const rows = batches.map((events, batch) =>
    events.map((event, index) => {
      const { id, stream, type, schemaVersion, data, metadata } = event;
      const revision = Math.floor(batch / 10) * BATCH + index;
      const texts = [JSON.stringify(data), JSON.stringify(metadata), metadata.occurredAt, metadata.correlationId, now] as const;
      return [++position, id, stream, categoryOf(stream), revision, type, schemaVersion, ...texts] as const;
    }),
  );
  const db = await openTapeFile(newFile(), systemTime);
  // The quickest of SQLite's own 1,000 pages, 4,000 and 20,000.
  db.exec('PRAGMA wal_autocheckpoint = 4000');
  const insert = db.prepare(
    `INSERT INTO events (position, id, stream, category, revision, type, schema_version, data, metadata, occurred_at,
      correlation_id, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const took = await timed(() => {
    for (const batch of rows) {
      db.exec('BEGIN IMMEDIATE');
      for (const row of batch) insert.run(...row);
      db.exec('COMMIT');
    }
  });
  db.close();
  return took;
}
