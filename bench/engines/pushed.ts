import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openEventStore, openPublisher } from '../../src/adapters/open.ts';
import type { TapeEvent } from '../../src/domain/catalogue.ts';
import type { EventStore } from '../../src/ports.ts';
import { startRelay } from '../../src/runtime/relay.ts';
import { makeId } from '../../src/tape/id.ts';
import { makeLogger } from '../../src/telemetry.ts';
import { startLocalKafka } from '../../test/engines/kafka/local-kafka.ts';
import { CLOCK, newFile } from '../recorded-tape.ts';
import { atRate, latencyOf, type Outcome, quantile, type Row } from '../row.ts';
import { recordedBatches } from '../rows/append.ts';

const EVENTS = 100_000;
const BATCH = 50;
/** Pushed at once, to see what the machine can do; the rest is offered at a part of that. */
const AT_ONCE = 20_000;
const OFFERED_PART = 0.5;
/** Of the times in a half: what others do with the machine makes peaks, a backlog that grows leaves no low ones. */
const LOW_PART = 0.1;
/** About what a transaction takes: differences below it tell nothing of a backlog. */
const ONE_TRANSACTION_MS = 20;
const MOST_BATCHES_PER_SECOND = 100;
const log = makeLogger('silent');

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Lag and memory while events are pushed through, the second half against the first. */
export const pushed: Row = {
  name: 'pushed',
  path: `relay, ${EVENTS.toLocaleString('en-US')} events pushed through`,
  async run(): Promise<Outcome[]> {
    const kafka = await startLocalKafka();
    const tape = await openEventStore(`sqlite:${newFile()}`, CLOCK);
    try {
      return await push(tape, kafka.address);
    } finally {
      await tape.close();
      await kafka.stop();
    }
  },
};

async function push(events: EventStore, brokers: string): Promise<Outcome[]> {
  const samples = (await recordedBatches()).flat();
  const waiting: { readonly sinceMs: number; readonly upTo: number }[] = [];
  const lags: number[] = [];
  const heaps: number[] = [];
  let published = 0;
  let mostHeld = 0;
  const relay = startRelay({
    events,
    publisher: await openPublisher(brokers, log),
    clock: CLOCK,
    log,
    onPublished: (count) => {
      published += count;
      mostHeld = Math.max(mostHeld, relay.progress().heldEvents);
      for (let next = waiting[0]; next !== undefined && next.upTo <= published; next = waiting[0]) {
        lags.push(performance.now() - next.sinceMs);
        waiting.shift();
      }
    },
  });
  await until(() => relay.progress().state === 'relaying');
  const append = appender(events, samples);
  const began = performance.now();
  for (let index = 0; index < AT_ONCE / BATCH; index++) await append();
  await until(() => published === AT_ONCE);
  const possible = (AT_ONCE / BATCH / (performance.now() - began)) * 1_000;
  const rate = Math.min(MOST_BATCHES_PER_SECOND, Math.max(1, Math.floor(possible * OFFERED_PART)));
  lags.length = 0;
  const appended: Promise<void>[] = [];
  await atRate(rate, EVENTS / BATCH, (index) => {
    const upTo = AT_ONCE + (index + 1) * BATCH;
    appended.push(
      append().then(() => {
        if (published >= upTo) lags.push(0);
        else waiting.push({ sinceMs: performance.now(), upTo });
      }),
    );
    if ((index + 1) % (EVENTS / BATCH / 10) === 0) {
      collectGarbage();
      heaps.push(process.memoryUsage().heapUsed);
    }
  });
  await Promise.all(appended);
  await until(() => published === AT_ONCE + EVENTS);
  await relay.close();
  const [firstLow, secondLow] = [lags.slice(0, lags.length / 2), lags.slice(lags.length / 2)].map((half) =>
    quantile(half, LOW_PART),
  ) as [number, number];
  const memory = [heaps.slice(1, 5), heaps.slice(5)].map((half) => quantile(half, 0.5)) as [number, number];
  const megabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MB`;
  return [
    {
      what: `time from an event's being on the tape to its being on Kafka, the tenth part that is quickest, ${rate * BATCH}/s, at most ${mostHeld} held`,
      measured: `${secondLow.toFixed(1)} ms in the second half`,
      raw: `${firstLow.toFixed(1)} ms in the first`,
      value: secondLow / Math.max(firstLow, ONE_TRANSACTION_MS),
      bound: 1.5,
      atLeast: false,
      unit: 'x',
      latency: latencyOf(lags),
    },
    {
      what: 'heap in use, garbage collected',
      measured: `${megabytes(memory[1])} in the second half`,
      raw: `${megabytes(memory[0])} in the first`,
      value: memory[1] / memory[0],
      bound: 1.15,
      atLeast: false,
      unit: 'x',
    },
  ];
}

const STREAM = 'bars-bench.pushed';

/** Appends the next batch, one after the other. */
function appender(events: EventStore, samples: readonly TapeEvent[]): () => Promise<void> {
  let turn: Promise<void> = Promise.resolve();
  let count = 0;
  return () => {
    const from = count;
    count += BATCH;
    turn = turn.then(async () => {
      const batch = Array.from({ length: BATCH }, (_, at) => eventOf(samples, from + at));
      await events.append(STREAM, from === 0 ? 'no-stream' : from - 1, batch);
    });
    return turn;
  };
}

/** A recorded bar as if it were another one. */
function eventOf(samples: readonly TapeEvent[], number: number): TapeEvent {
  return { ...(samples[number % samples.length] as TapeEvent), id: makeId(`pushed ${number}`), stream: STREAM };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}
