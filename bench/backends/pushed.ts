import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openEventStore, openPublisher } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import type { TapeEvent } from '../../src/domain/catalogue.ts';
import { makeLogger } from '../../src/logging.ts';
import type { Amount, EventStore, TailWindow } from '../../src/ports/event-store.ts';
import type { Publisher } from '../../src/ports/publisher.ts';
import { type Relay, startRelay } from '../../src/runtime/relay/relay.ts';
import { MAX_QUEUED_BYTES, MAX_QUEUED_EVENTS } from '../../src/runtime/relay/relay-queue.ts';
import { makeId } from '../../src/tape/id.ts';
import { startLocalKafka } from '../../test/backends/kafka/local-kafka.ts';
import { startNode } from '../../test/support/child.ts';
import { atRate, latencyOf, type Outcome, perSecond, quantile, type Row } from '../row.ts';
import { recordedBatches } from '../rows/append.ts';

const EVENTS = 100_000;
const BATCH = 50;
/** Appended while Kafka takes nothing, to see what is held then, and handed on after. */
const BEFORE = 20_000;
/** The rest is offered at this part of the rate of both, one after the other, as they share the processors from then on. */
const OFFERED_PART = 0.9;
const MOST_BATCHES_PER_SECOND = 100;
/** How long all that was appended may take to be handed on. */
const TIMEOUT_MS = 300_000;
/** How long nothing more must be taken in until it is taken for full. */
const FULL_MS = 500;
/** Batches from one look at memory to the next: each stops the process for a moment. */
const WEIGH_EVERY = 125;
/** About what a transaction takes: differences below it tell nothing of a backlog. */
const ONE_TRANSACTION_MS = 20;
/** What others do with the machine makes peaks; a backlog that grows leaves no low times, and raises all. */
const QUANTILES = [
  { name: 'the tenth part that is quickest', part: 0.1, leastMs: ONE_TRANSACTION_MS, bound: 1.5 },
  { name: 'p50', part: 0.5, leastMs: ONE_TRANSACTION_MS, bound: 1.5 },
  { name: 'p99', part: 0.99, leastMs: 5 * ONE_TRANSACTION_MS, bound: 2 },
];
const STREAM = 'bars-bench.pushed';
const SERVER = join(import.meta.dirname, '..', '..', 'test', 'servers', 'event-store', 'main.ts');
const log = makeLogger('silent');

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Lag, memory and what is held while events are pushed through: the last third against the first, and the bounds. */
export const pushed: Row = {
  name: 'pushed',
  path: `EventStoreDB (the small one of the tests) to Kafka, ${EVENTS.toLocaleString('en-US')} events pushed through`,
  async run(): Promise<Outcome[]> {
    const samples = (await recordedBatches()).flat();
    const kafka = await startLocalKafka();
    const server = startNode([SERVER, '0']);
    try {
      const port = (await server.saw('\n')).trim();
      const tape = await openEventStore(`esdb://127.0.0.1:${port}?tls=false`, systemTime);
      const outcomes = await new Push(tape, samples).run(kafka.address);
      await tape.close();
      return outcomes;
    } finally {
      server.process.kill('SIGKILL');
      await server.ended;
      await kafka.stop();
    }
  },
};

class Push {
  readonly #tape: EventStore;
  readonly #samples: readonly TapeEvent[];
  /** When batches were on the tape that are not published yet. */
  readonly #waiting: { readonly sinceMs: number; readonly upTo: number }[] = [];
  /** From the tape to Kafka, in milliseconds, in the order of batches. */
  #lags: number[] = [];
  readonly #memory: number[] = [];
  #published = 0;
  #appended = 0;
  #queue: Promise<void> = Promise.resolve();
  #most = NOTHING_QUEUED;
  readonly #kafka = Promise.withResolvers<void>();

  constructor(tape: EventStore, samples: readonly TapeEvent[]) {
    this.#tape = tape;
    this.#samples = samples;
  }

  async run(brokers: string): Promise<Outcome[]> {
    const relay = startRelay({
      events: this.#tape,
      publisher: waitingFor(this.#kafka.promise, await openPublisher(brokers, log, systemTime)),
      time: systemTime,
      log,
      onPublished: (count) => this.#takeOff(count),
    });
    await until(() => relay.progress().state === 'relaying');
    const rate = await this.#fillAndEmpty(relay);
    const stalled = this.#most;
    this.#most = NOTHING_QUEUED;
    this.#lags = [];
    const began = performance.now();
    await atRate(rate, EVENTS / BATCH, (index) => {
      this.#append(relay);
      if ((index + 1) % WEIGH_EVERY === 0) this.#weigh();
    });
    await until(() => this.#published === BEFORE + EVENTS);
    const speed = `${(rate * BATCH).toLocaleString('en-US')}/s offered, ${perSecond(EVENTS, performance.now() - began)} handed on`;
    await relay.close();
    return [
      ...this.#lagOutcomes(speed),
      this.#memoryOutcome(),
      ...heldOutcomes(stalled, this.#most, tailOf(this.#tape).keptLimit),
    ];
  }

  /** Returns the batches a second to offer, by what is possible. */
  async #fillAndEmpty(relay: Relay): Promise<number> {
    const began = performance.now();
    for (let batch = 0; batch < BEFORE / BATCH; batch++) this.#append(relay);
    await this.#queue;
    const appendMs = performance.now() - began;
    await this.#full(relay);
    const emptying = performance.now();
    this.#kafka.resolve();
    await until(() => this.#published === BEFORE);
    const possible = (BEFORE / BATCH / (appendMs + performance.now() - emptying)) * 1_000;
    return Math.min(MOST_BATCHES_PER_SECOND, Math.max(1, Math.floor(possible * OFFERED_PART)));
  }

  /** Appends the next batch, one after the other. */
  #append(relay: Relay): void {
    const from = this.#appended;
    this.#appended += BATCH;
    this.#queue = this.#queue.then(async () => {
      const batch = Array.from({ length: BATCH }, (_, at) => eventOf(this.#samples, from + at));
      await this.#tape.append(STREAM, from === 0 ? 'no-stream' : from - 1, batch);
      this.#lookAt(relay);
      if (this.#published >= from + BATCH) this.#lags.push(0);
      else this.#waiting.push({ sinceMs: performance.now(), upTo: from + BATCH });
    });
  }

  /** Resolves when the relay takes in no more. */
  async #full(relay: Relay): Promise<void> {
    let since = performance.now();
    let before = -1;
    await until(() => {
      this.#lookAt(relay);
      const { events } = this.#most.queued;
      if (events > before) since = performance.now();
      before = events;
      return performance.now() - since > FULL_MS;
    });
  }

  #takeOff(count: number): void {
    this.#published += count;
    for (let next = this.#waiting[0]; next !== undefined && next.upTo <= this.#published; next = this.#waiting[0]) {
      this.#lags.push(performance.now() - next.sinceMs);
      this.#waiting.shift();
    }
  }

  #lookAt(relay: Relay): void {
    const { queuedEvents, queuedBytes } = relay.progress();
    this.#most = {
      queued: larger(this.#most.queued, { events: queuedEvents, bytes: queuedBytes }),
      kept: larger(this.#most.kept, tailOf(this.#tape).kept),
    };
  }

  #weigh(): void {
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    this.#memory.push(heapUsed + external);
  }

  #lagOutcomes(speed: string): Outcome[] {
    const [first, last] = thirdsOf(this.#lags);
    return QUANTILES.map(({ name, part, leastMs, bound }, index) => {
      const [before, after] = [quantile(first, part), quantile(last, part)];
      return {
        what: `from an event's being on the tape to its being on Kafka, ${name} (${speed})`,
        measured: `${after.toFixed(1)} ms in the last third`,
        raw: `${before.toFixed(1)} ms in the first`,
        value: after / Math.max(before, leastMs),
        bound,
        atLeast: false,
        unit: 'x',
        latency: index === 0 ? latencyOf(this.#lags) : undefined,
      };
    });
  }

  #memoryOutcome(): Outcome {
    const [first, last] = thirdsOf(this.#memory).map((third) => quantile(third, 0.5)) as [number, number];
    return {
      what: 'memory in use, on the heap and beside it, garbage collected',
      measured: `${megabytes(last)} in the last third`,
      raw: `${megabytes(first)} in the first`,
      value: last / first,
      bound: 1.15,
      atLeast: false,
      unit: 'x',
    };
  }
}

/** The most that was seen. */
interface Held {
  readonly queued: Amount;
  readonly kept: Amount;
}

const NOTHING: Amount = { events: 0, bytes: 0 };
const NOTHING_QUEUED: Held = { queued: NOTHING, kept: NOTHING };

function heldOutcomes(stalled: Held, pushed: Held, keptLimit: Amount): Outcome[] {
  const queueLimit = { events: MAX_QUEUED_EVENTS, bytes: MAX_QUEUED_BYTES };
  return [
    heldOutcome("held in the relay's queue", stalled.queued, pushed.queued, queueLimit),
    heldOutcome('kept of the tape for those who follow it', stalled.kept, pushed.kept, keptLimit),
  ];
}

/** The fuller of the two limits counts. */
function heldOutcome(what: string, stalled: Amount, pushed: Amount, limit: Amount): Outcome {
  const most = larger(stalled, pushed);
  return {
    what: `${what}, the most that was seen, of its bound`,
    measured: `${amountOf(stalled)} while Kafka took nothing, ${amountOf(pushed)} while events were pushed`,
    raw: `the bound: ${amountOf(limit)}`,
    value: Math.max(most.events / limit.events, most.bytes / limit.bytes),
    bound: 1,
    atLeast: false,
    unit: 'x',
  };
}

/** `publisher` that publishes nothing until `opened` resolves. */
function waitingFor(opened: Promise<void>, publisher: Publisher): Publisher {
  return {
    open: async (signal) => {
      const session = await publisher.open(signal);
      return {
        published: session.published,
        publish: async (batch, reached) => {
          await opened;
          await session.publish(batch, reached);
        },
        close: () => session.close(),
      };
    },
  };
}

function tailOf({ tail }: EventStore): TailWindow {
  if (tail === null) throw new Error('this tape keeps nothing');
  return tail;
}

const larger = (a: Amount, b: Amount): Amount => ({
  events: Math.max(a.events, b.events),
  bytes: Math.max(a.bytes, b.bytes),
});

function thirdsOf(values: readonly number[]): [readonly number[], readonly number[]] {
  const third = Math.floor(values.length / 3);
  return [values.slice(0, third), values.slice(-third)];
}

const megabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MB`;
const amountOf = ({ events, bytes }: Amount): string => `${events.toLocaleString('en-US')} events, ${megabytes(bytes)}`;

/** A recorded bar as if it were another one. */
function eventOf(samples: readonly TapeEvent[], number: number): TapeEvent {
  return { ...(samples[number % samples.length] as TapeEvent), id: makeId(`pushed ${number}`), stream: STREAM };
}

/** Throws when it takes too long: a relay that has failed would be waited for forever. */
async function until(isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`the relay came no further within ${TIMEOUT_MS / 1_000} s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
