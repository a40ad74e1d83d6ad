/**
 * Recorders with several appends on their way, on a server that keeps the order of one client once it has answered, and of
 * no new one. What must hold, whatever fails: at any time what is on the tape of a feed is a beginning of it, in its order
 * over all streams, each piece once. So a restart goes on behind it. Where somebody else took a piece's place, it is there
 * in its order or not at all, and told as dropped.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type EventStoreDbTape, openEventStoreDb } from '../../../src/adapters/eventstoredb/event-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { barClosed, type EvidenceDraft } from '../../../src/domain/feed/evidence.ts';
import { isoTime } from '../../../src/domain/time.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { PipelineBrokenError } from '../../../src/ports/event-store.ts';
import { EvidenceRecorder } from '../../../src/runtime/ingest/evidence-recorder.ts';
import { GuardedEventStore } from '../../../src/runtime/leases/guarded-stores.ts';
import { LeaseLostError } from '../../../src/runtime/leases/lease.ts';
import { makeEvidence } from '../../../src/tape/envelope.ts';
import { run } from '../../contracts/tape-events.ts';
import type { AppendFault } from '../../servers/event-store/faults.ts';
import type { EventStoreServer } from '../../servers/event-store/server.ts';
import { barOf } from '../../support/fixtures.ts';
import { counts } from '../../support/scale.ts';
import { addressOf, givenServer, givenStore, LONG_TIMEOUTS, SHORT_TIMEOUTS } from './given-server.ts';

const ORIGIN = { actor: 'ingest', codeVersion: 'test' };
const BEGIN_MS = Date.UTC(2026, 0, 1);

/** Runs of a feed's pieces, each of one stream: as bars and samples take turns, or as candles come. */
const runs = fc.array(
  fc.record({ stream: fc.integer({ min: 0, max: 2 }), length: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 14 })) }),
  { minLength: 10, maxLength: 40 },
);

function feedOf(of: readonly { readonly stream: number; readonly length: number }[]): EvidenceDraft[] {
  const streams = of.flatMap(({ stream, length }) => Array.from({ length }, () => `feed-${stream}`));
  return streams.map((stream, index) => {
    const times = { openTime: isoTime(BEGIN_MS + index * 60_000), closeTime: isoTime(BEGIN_MS + (index + 1) * 60_000) };
    return { ...barClosed(barOf({ venue: 'test', symbol: 'BTC', interval: '1m', ...times })), stream };
  });
}

function idsOf(feed: readonly EvidenceDraft[]): string[] {
  return feed.map(
    ({ type, stream, key, data, occurredAt }) => makeEvidence(type, stream, key, data, { ...ORIGIN, occurredAt }).id,
  );
}

/** The tape's own ids, as they lie on it. */
function onTape({ log }: EventStoreServer): string[] {
  return log.records.map(({ metadata }) => (JSON.parse(Buffer.from(metadata).toString()) as { id: string }).id);
}

function expectBeginning(server: EventStoreServer, feed: readonly EvidenceDraft[]): void {
  const there = onTape(server);
  expect(there).toEqual(idsOf(feed).slice(0, there.length));
}

async function record(store: EventStore, feed: readonly EvidenceDraft[], batch: number): Promise<void> {
  const recorder = new EvidenceRecorder(store, systemTime);
  for (let from = 0; from < feed.length; from += batch) await recorder.record(feed.slice(from, from + batch), ORIGIN);
}

async function coldServer(options: Parameters<typeof EventStoreServer.start>[0] = {}): Promise<EventStoreServer> {
  const server = await givenServer(options);
  Object.assign(server.faults, { isColdOrderBroken: true, answerAfterMs: 2 });
  return server;
}

test('appends of a pipeline land in their order, many at once, behind one that was answered', async () => {
  const server = await coldServer();
  const store = givenStore(addressOf(server), LONG_TIMEOUTS);
  const pipeline = store.openPipeline();
  await store.append('feed-a', 'no-stream', run('feed-a', 0, 0), pipeline);
  const began = performance.now();
  const streams = Array.from({ length: 200 }, (_, index) => (index % 3 === 0 ? 'feed-a' : `feed-b${index}`));
  let next = 0;
  await Promise.all(
    streams.map((stream) => {
      const expected = stream === 'feed-a' ? next++ : 'no-stream';
      const at = expected === 'no-stream' ? 0 : expected + 1;
      return store.append(stream, expected, run(stream, at, at), pipeline);
    }),
  );
  expect(server.log.records.slice(1).map(({ stream }) => stream)).toEqual(streams);
  // One after the other they would take 2 ms each.
  expect(performance.now() - began).toBeLessThan(400 + 2_000);
});

test('appends that are sent together on a new client do not', async () => {
  const server = await coldServer();
  const store = givenStore(addressOf(server), LONG_TIMEOUTS);
  const streams = ['feed-a', 'feed-b', 'feed-c'];
  await Promise.all(streams.map((stream) => store.append(stream, 'no-stream', run(stream, 0, 0))));
  expect(server.log.records[0]?.stream).not.toBe('feed-a');
});

test('a pipeline is broken by what fails, and sends nothing more', async () => {
  const server = await coldServer();
  const store = givenStore(addressOf(server), { ...SHORT_TIMEOUTS, callMs: 2_000 });
  const pipeline = store.openPipeline();
  await store.append('feed-a', 'no-stream', run('feed-a', 0, 0), pipeline);
  await expect(store.append('feed-a', 'no-stream', run('feed-a', 0, 0), pipeline)).rejects.toThrow(/is at 0, not at no-stream/);
  expect(pipeline.isBroken).toBe(true);
  await expect(store.append('feed-b', 'no-stream', run('feed-b', 0, 0), pipeline)).rejects.toThrow(PipelineBrokenError);

  const other = store.openPipeline();
  await store.append('feed-a', 0, run('feed-a', 1, 1), other);
  server.faults.appends.push('cut');
  const sent = ['feed-c', 'feed-d'].map((stream) => store.append(stream, 'no-stream', run(stream, 0, 0), other));
  for (const append of sent) await expect(append).rejects.toThrow(PipelineBrokenError);
  // The store has another client by then.
  await store.append('feed-a', 1, run('feed-a', 2, 2));
  await expect(store.append('feed-e', 'no-stream', run('feed-e', 0, 0), other)).rejects.toThrow(PipelineBrokenError);
  expect(server.log.records.map(({ stream }) => stream)).toEqual(['feed-a', 'feed-a', 'feed-a']);
});

test('a pipeline does not go on by another stream of appends, which would not keep its order', async () => {
  const server = await coldServer();
  const store = givenStore(addressOf(server), { ...SHORT_TIMEOUTS, callMs: 500 });
  const pipeline = store.openPipeline();
  await store.append('feed-a', 'no-stream', run('feed-a', 0, 0), pipeline);
  server.faults.appends.push('half-close');
  const unanswered = expect(store.append('feed-b', 'no-stream', run('feed-b', 0, 0), pipeline)).rejects.toThrow(
    PipelineBrokenError,
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  await expect(store.append('feed-c', 'no-stream', run('feed-c', 0, 0), pipeline)).rejects.toThrow(PipelineBrokenError);
  await unanswered;
  expect(server.log.records.map(({ stream }) => stream)).toEqual(['feed-a']);
});

test(
  'a feed lies on the tape in its order, whatever appends meet',
  async () => {
    const fault = fc.constantFrom<AppendFault>(
      'commit-half-close',
      'half-close',
      'commit-cut',
      'cut',
      'commit-internal',
      'commit-timeout',
    );
    const faults = fc.array(fc.record({ after: fc.integer({ min: 0, max: 40 }), fault }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(runs, faults, fc.integer({ min: 5, max: 120 }), async (of, met, batch) => {
        const server = await coldServer();
        const store = givenStore(addressOf(server));
        const feed = feedOf(of);
        for (const { after, fault: next } of met) {
          for (let index = 0; index < after; index++) server.faults.appends.push(undefined as never);
          server.faults.appends.push(next);
        }
        const outcome = await new EvidenceRecorder(store, systemTime).record(feed.slice(0, batch), ORIGIN);
        expect(outcome).toMatchObject({ recorded: Math.min(batch, feed.length), already: 0, older: 0, differing: 0 });
        await record(store, feed, batch);
        expect(onTape(server)).toEqual(idsOf(feed));
        await store.close();
        await server.stop();
      }),
      { numRuns: counts.recordingFaults },
    );
  },
  30_000 + counts.recordingFaults * 2_000,
);

test(
  'after a kill of the server, or of the recorder, a beginning of the feed is there, and the next goes on',
  async () => {
    const kill = fc.record({
      afterMs: fc.integer({ min: 1, max: 40 }),
      part: fc.double({ min: 0, max: 0.999, noNaN: true }),
      isServer: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        runs,
        fc.array(kill, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 5, max: 120 }),
        async (of, kills, batch) => {
          let server = await coldServer();
          const { log, port } = server;
          const feed = feedOf(of);
          let store: EventStoreDbTape | undefined;
          for (const { afterMs, part, isServer } of kills) {
            store = openEventStoreDb(addressOf(server), systemTime, { timeouts: SHORT_TIMEOUTS });
            const recording = record(store, feed, batch).catch(() => undefined);
            await new Promise((resolve) => setTimeout(resolve, afterMs));
            if (isServer) {
              await server.kill(part);
              expectBeginning(server, feed);
              server = await coldServer({ log, port });
              await recording;
              expect(onTape(server)).toEqual(idsOf(feed));
            } else {
              store.connection.hasten();
              await Promise.all([store.close(), recording]);
              expectBeginning(server, feed);
            }
            if (isServer) await store.close();
          }
          store = openEventStoreDb(addressOf(server), systemTime, { timeouts: SHORT_TIMEOUTS });
          await record(store, feed, batch);
          expect(onTape(server)).toEqual(idsOf(feed));
          await store.close();
          await server.stop();
        },
      ),
      { numRuns: counts.recordingKills },
    );
  },
  30_000 + counts.recordingKills * 2_000,
);

test(
  'two recorders of one feed, the lease lost in mid flight, leave its pieces in its order',
  async () => {
    const sizes = fc.tuple(fc.integer({ min: 3, max: 60 }), fc.integer({ min: 3, max: 60 }));
    await fc.assert(
      fc.asyncProperty(runs, sizes, fc.integer({ min: 1, max: 60 }), async (of, [one, other], held) => {
        const server = await coldServer();
        const store = givenStore(addressOf(server), LONG_TIMEOUTS);
        const feed = feedOf(of);
        let left = held;
        const losing = new GuardedEventStore(store, () => {
          if (left-- <= 0) throw new LeaseLostError('feed');
        });
        const first = record(losing, feed, one).catch((error: unknown) => expect(error).toBeInstanceOf(LeaseLostError));
        while (left > 0 && server.log.records.length < feed.length) await new Promise((resolve) => setTimeout(resolve, 1));
        expectBeginning(server, feed);
        await Promise.all([first, record(store, feed, other)]);
        expect(onTape(server)).toEqual(idsOf(feed));
        // Both at once, from the beginning, into streams that have something already.
        await Promise.all([record(store, feed, one), record(store, feed, other)]);
        expect(onTape(server)).toEqual(idsOf(feed));
        await store.close();
        await server.stop();
      }),
      { numRuns: counts.recordingFaults },
    );
  },
  30_000 + counts.recordingFaults * 2_000,
);

test(
  'two recorders of one feed side by side leave its pieces in its order',
  async () => {
    await fc.assert(
      fc.asyncProperty(runs, fc.integer({ min: 3, max: 60 }), fc.integer({ min: 3, max: 60 }), async (of, one, other) => {
        const server = await coldServer();
        const store = givenStore(addressOf(server), LONG_TIMEOUTS);
        const feed = feedOf(of);
        await Promise.all([record(store, feed, one), record(store, feed, other)]);
        expect(onTape(server)).toEqual(idsOf(feed));
        await store.close();
        await server.stop();
      }),
      { numRuns: counts.recordingFaults },
    );
  },
  30_000 + counts.recordingFaults * 2_000,
);

test(
  'a piece whose place somebody else took is not appended behind a later one, and told as dropped',
  async () => {
    const takes = fc.array(fc.record({ after: fc.integer({ min: 1, max: 60 }), stream: fc.integer({ min: 0, max: 2 }) }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(runs, takes, fc.integer({ min: 5, max: 120 }), async (of, taken, batch) => {
        const server = await coldServer();
        const store = givenStore(addressOf(server), LONG_TIMEOUTS);
        const feed = feedOf(of);
        const ids = idsOf(feed);
        let written = 0;
        server.log.onWritten = () => {
          written++;
          for (const { after, stream } of taken) {
            if (written !== after) continue;
            const name = `feed-${stream}`;
            const [event] = server.log.records;
            const id = crypto.randomUUID();
            const metadata = Buffer.from(
              `{"id":"${id}","schemaVersion":"1","occurredAt":"","correlationId":"","causationId":""}`,
            );
            const at = server.log.streams.get(name)?.length ?? 0;
            if (event !== undefined && at > 0) server.log.append(name, at - 1, [{ ...event, id, metadata }]);
          }
        };
        const recorder = new EvidenceRecorder(store, systemTime);
        const fates: string[] = [];
        for (let from = 0; from < feed.length; from += batch) {
          fates.push(...(await recorder.record(feed.slice(from, from + batch), ORIGIN)).pieces.map(({ fate }) => fate));
        }
        const there = onTape(server).filter((id) => ids.includes(id));
        expect(there).toEqual(ids.filter((_, index) => fates[index] === 'recorded'));
        expect(fates.filter((fate) => fate !== 'recorded' && fate !== 'older')).toEqual([]);
        await store.close();
        await server.stop();
      }),
      { numRuns: counts.recordingFaults },
    );
  },
  30_000 + counts.recordingFaults * 2_000,
);
