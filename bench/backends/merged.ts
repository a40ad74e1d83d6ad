/**
 * Recordings onto EventStoreDB (the small one of the tests, with a flush). The pieces of a run lie on the tape in one order.
 * Those of one feed go many an append. Two feeds of the same times take turns, so each piece is an append. The bare client
 * has as many appends in flight, of the same pieces.
 */

import { once } from 'node:events';
import { join } from 'node:path';
import { EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { openEventStore } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { barClosed, type EvidenceDraft } from '../../src/domain/feed/evidence.ts';
import { noSettings } from '../../src/domain/settings/in-force.ts';
import type { FeedSettings } from '../../src/domain/settings/settings.ts';
import { HOUR_MS, isoTime } from '../../src/domain/time.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { evidenceSink } from '../../src/runtime/ingest/evidence-sink.ts';
import { runFeeds } from '../../src/runtime/ingest/feed-run.ts';
import { makeEvidence } from '../../src/tape/envelope.ts';
import { startNode } from '../../test/support/child.ts';
import { barOf } from '../../test/support/fixtures.ts';
import { feedOf } from '../../test/support/ingest-role.ts';
import { type Outcome, perSecond, type Row, serially, timed } from '../row.ts';

const ROUNDS = 5;
const SERVER = join(import.meta.dirname, '..', '..', 'test', 'servers', 'event-store', 'main.ts');
const BARS = 2_000;
const BEGIN_MS = Date.UTC(2024, 0, 1);
const ORIGIN = { actor: 'ingest', codeVersion: 'bench' };
/** As the recorder groups pieces of one stream. */
const MAX_APPEND = 200;
const IN_FLIGHT = 64;

export const merged: Row = {
  name: 'merged',
  path: 'recordings onto EventStoreDB (the small one of the tests, with a flush)',
  async run(): Promise<Outcome[]> {
    const server = startNode([SERVER, '0', '', 'flush']);
    try {
      const address = `esdb://127.0.0.1:${(await server.saw('\n')).trim()}?tls=false`;
      const client = EventStoreDBClient.connectionString(address);
      const store = await openEventStore(address, systemTime);
      const outcomes = [await measured(client, store, 1, 0.6), await measured(client, store, 2, 0.3)];
      await store.close();
      await client.dispose();
      return outcomes;
    } finally {
      server.process.kill('SIGKILL');
      await once(server.process, 'exit');
    }
  },
};

let symbols = 0;

async function measured(client: EventStoreDBClient, store: EventStore, count: number, bound: number): Promise<Outcome> {
  const { raw, ours, ratio } = await serially(
    ROUNDS,
    () => appendBare(client, inTurn(newFeeds(count))),
    () => record(store, newFeeds(count)),
  );
  return {
    what: `pieces of ${count === 1 ? 'one stream' : `${count} streams in turn`} recorded, against the bare client with ${IN_FLIGHT} of the same appends in flight`,
    measured: perSecond(count * BARS, ours),
    raw: perSecond(count * BARS, raw),
    value: ratio,
    bound,
    atLeast: true,
    unit: 'x',
  };
}

/** Feeds of which nothing is on the tape, each with bars at the same times. */
function newFeeds(count: number): EvidenceDraft[][] {
  return Array.from({ length: count }, () => {
    const symbol = `BENCH${++symbols}`;
    return Array.from({ length: BARS }, (_, hour) => {
      const open = BEGIN_MS + hour * HOUR_MS;
      const times = { openTime: isoTime(open), closeTime: isoTime(open + HOUR_MS) };
      return barClosed(barOf({ venue: 'bench', symbol, interval: '1h', ...times }));
    });
  });
}

function inTurn(feeds: readonly (readonly EvidenceDraft[])[]): EvidenceDraft[] {
  return Array.from({ length: BARS }, (_, bar) => feeds.map((drafts) => drafts[bar] as EvidenceDraft)).flat();
}

function record(store: EventStore, feeds: readonly (readonly EvidenceDraft[])[]): Promise<number> {
  const run = feeds.map((drafts) => {
    const { venue, symbol } = (drafts[0] as EvidenceDraft).data;
    const market: FeedSettings = {
      venue,
      symbol,
      source: 'recording',
      recordings: [],
      bars: '1h',
      rollups: [],
      staleAfter: '500ms',
    };
    return { market, source: feedOf(drafts) };
  });
  return timed(() =>
    runFeeds(evidenceSink(store, null, systemTime), store, run, { settings: noSettings(), codeVersion: 'bench' }),
  );
}

function appendBare(client: EventStoreDBClient, drafts: readonly EvidenceDraft[]): Promise<number> {
  const appends: EvidenceDraft[][] = [];
  for (const draft of drafts) {
    const last = appends.at(-1);
    if (last?.[0]?.stream === draft.stream && last.length < MAX_APPEND) last.push(draft);
    else appends.push([draft]);
  }
  return timed(async () => {
    const revisions = new Map<string, number>();
    const answers: Promise<unknown>[] = [];
    for (const append of appends) {
      const { stream } = append[0] as EvidenceDraft;
      const wire = append.map(({ type, key, data, occurredAt }) => {
        const { id, metadata, schemaVersion } = makeEvidence(type, stream, key, data, { ...ORIGIN, occurredAt });
        return jsonEvent({
          type,
          data: data as unknown as Record<string, unknown>,
          metadata: { ...metadata, id, schemaVersion: String(schemaVersion) },
        });
      });
      const last = revisions.get(stream);
      revisions.set(stream, (last ?? -1) + wire.length);
      answers.push(client.appendToStream(stream, wire, { expectedRevision: last === undefined ? NO_STREAM : BigInt(last) }));
      // The client keeps their order once one was answered.
      if (answers.length === 1) await answers[0];
      if (answers.length >= IN_FLIGHT) await answers[answers.length - IN_FLIGHT];
    }
    await Promise.all(answers);
  });
}
