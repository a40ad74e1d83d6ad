/**
 * The engine that is behind a tape in EventStoreDB (the small one of the tests, which answers as late as one that flushes
 * to a disk), against the bare client that appends the same events in batches of 100 of one stream, one after the other.
 */

import { EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { openEventStore, openReadStore } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import type { TapeEvent } from '../../src/domain/catalogue.ts';
import { ENGINE_STREAM, EVIDENCE_CATEGORIES } from '../../src/domain/streams.ts';
import { makeLogger } from '../../src/logging.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { eventsOf } from '../../src/ports/pages.ts';
import { makeEngineRunner } from '../../src/system.ts';
import { isDecision } from '../../src/tape/envelope.ts';
import { recordedTape } from '../recorded-tape.ts';
import { type Outcome, perSecond, type Row, serially, timed } from '../row.ts';
import { onFlushingServer } from './flushing-server.ts';

const ROUNDS = 3;
const EVIDENCE = 5_000;
const BATCH = 100;

export const behind: Row = {
  name: 'behind',
  path: 'the engine that is behind a tape in EventStoreDB (the small one of the tests, with a flush)',
  async run(): Promise<Outcome[]> {
    const evidence = await recordedEvidence();
    const decided = await decidedUpon(evidence);
    const { raw, ours, ratio } = await serially(
      ROUNDS,
      () => onFlushingServer((address) => appendBare(address, decided)),
      () => onFlushingServer((address) => decide(address, evidence)),
    );
    return [
      {
        what: `cascades and copies of ${EVIDENCE} pieces of evidence, against the bare client appending the same events in batches of ${BATCH}`,
        measured: perSecond(decided.flat().length, ours),
        raw: perSecond(decided.flat().length, raw),
        value: ratio,
        bound: 0.3,
        atLeast: true,
        unit: 'x',
      },
    ];
  },
};

/** The first evidence of the shipped recordings, with its settings. */
async function recordedEvidence(): Promise<readonly TapeEvent[]> {
  const source = await openEventStore(`sqlite:${await recordedTape()}`, systemTime);
  const found: TapeEvent[] = [];
  for await (const event of eventsOf(source, { categories: EVIDENCE_CATEGORIES })) {
    if (!isDecision(event)) found.push(event);
    if (found.length === EVIDENCE) break;
  }
  await source.close();
  return found;
}

/** What an engine appends on it, in batches. */
async function decidedUpon(evidence: readonly TapeEvent[]): Promise<readonly TapeEvent[][]> {
  const store = await openEventStore('memory:', systemTime);
  await appendAll(store, evidence);
  await catchUp(store);
  const batches: TapeEvent[][] = [];
  const last = new Map<string, TapeEvent[]>();
  for await (const event of eventsOf(store, {})) {
    if (event.stream !== ENGINE_STREAM && !isDecision(event)) continue;
    const batch = last.get(event.stream);
    if (batch !== undefined && batch.length < BATCH) batch.push(event);
    else {
      const next = [event];
      batches.push(next);
      last.set(event.stream, next);
    }
  }
  await store.close();
  return batches;
}

async function appendAll(store: EventStore, events: readonly TapeEvent[]): Promise<void> {
  const revisions = new Map<string, number>();
  for (let from = 0; from < events.length; ) {
    const { stream } = events[from] as TapeEvent;
    let to = from;
    while (to < events.length && events[to]?.stream === stream && to - from < BATCH) to++;
    revisions.set(stream, (await store.append(stream, revisions.get(stream) ?? 'no-stream', events.slice(from, to))).revision);
    from = to;
  }
}

async function catchUp(events: EventStore): Promise<void> {
  const reads = await openReadStore('memory:', systemTime);
  const log = makeLogger('silent');
  const runner = makeEngineRunner({ events, reads, time: systemTime, log, codeVersion: 'bench', mayRollBack: false });
  await runner.catchUp();
  await runner.settled();
  await reads.close();
}

/** Returns the milliseconds of deciding alone. */
async function decide(address: string, evidence: readonly TapeEvent[]): Promise<number> {
  const store = await openEventStore(address, systemTime);
  await appendAll(store, evidence);
  const took = await timed(() => catchUp(store));
  await store.close();
  return took;
}

async function appendBare(address: string, batches: readonly TapeEvent[][]): Promise<number> {
  const client = EventStoreDBClient.connectionString(address);
  const revisions = new Map<string, bigint>();
  const took = await timed(async () => {
    for (const batch of batches) {
      const { stream } = batch[0] as TapeEvent;
      const wire = batch.map(({ id, type, data, metadata, schemaVersion }) =>
        jsonEvent({
          type,
          data: data as Record<string, unknown>,
          metadata: { ...metadata, id, schemaVersion: String(schemaVersion) },
        }),
      );
      const expectedRevision = revisions.get(stream) ?? NO_STREAM;
      revisions.set(stream, (await client.appendToStream(stream, wire, { expectedRevision })).nextExpectedRevision);
    }
  });
  await client.dispose();
  return took;
}
