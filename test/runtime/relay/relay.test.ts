import fc from 'fast-check';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { StoreError } from '../../../src/ports/errors.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { eventsOf } from '../../../src/ports/pages.ts';
import { tapeName } from '../../../src/runtime/process/tape-name.ts';
import { OtherTapePublishedError, type Relay, startRelay } from '../../../src/runtime/relay/relay.ts';
import { MAX_QUEUED_EVENTS } from '../../../src/runtime/relay/relay-queue.ts';
import { envelopeOf } from '../../../src/tape/envelope.ts';
import { recovered, run } from '../../contracts/tape-events.ts';
import { alteredEvents } from '../../support/altered-stores.ts';
import { type Fault, MemoryBroker } from '../../support/memory-publisher.ts';
import { hastyTime } from '../../support/test-time.ts';
import { until } from '../../support/until.ts';

const time = hastyTime();
const log = pino({ level: 'silent' });

const emptyTape = (): EventStore => openMemoryEventStore({ time, hasLock: true });

async function tapeOf(streams: Readonly<Record<string, number>>): Promise<EventStore> {
  const tape = emptyTape();
  for (const [stream, count] of Object.entries(streams)) await appendTo(tape, stream, 0, count);
  return tape;
}

async function appendTo(tape: EventStore, stream: string, from: number, count: number): Promise<void> {
  for (let at = from; at < from + count; at += 500) {
    const last = Math.min(at + 500, from + count) - 1;
    await tape.append(stream, at === 0 ? 'no-stream' : at - 1, run(stream, at, last));
  }
}

/** The whole tape as it must have been published, by key and in order. */
async function expected(tape: EventStore): Promise<string[]> {
  return Array.fromAsync(eventsOf(tape, {}), (event) => JSON.stringify(envelopeOf(event)));
}

const relays: Relay[] = [];

afterEach(async () => {
  for (const started of relays.splice(0)) await started.close();
});

function relay(events: EventStore, publisher: MemoryBroker, wait = async (_ms: number): Promise<void> => {}): Relay {
  const started = startRelay({ events, publisher, time: { ...hastyTime(wait), random: () => 0.5 }, log });
  started.ended.catch(() => undefined);
  relays.push(started);
  return started;
}

const reaches = (broker: MemoryBroker, tape: EventStore) => until(async () => broker.reached?.position === (await tape.head()));

describe('the relay', () => {
  it('hands on what is on the tape and what comes, each event once and in order', async () => {
    const tape = await tapeOf({ 'feed-binance.BTCUSDT': 700 });
    const broker = new MemoryBroker();
    const started = relay(tape, broker);
    await reaches(broker, tape);
    await appendTo(tape, 'feed-binance.BTCUSDT', 700, 20);
    await reaches(broker, tape);
    expect(broker.published.map(({ value }) => value)).toEqual(await expected(tape));
    expect(await started.lag()).toEqual({ caughtUp: true, lagMs: 0 });
    expect(started.progress()).toMatchObject({ state: 'relaying', reason: null, queuedEvents: 0, queuedBytes: 0, failures: 0 });
    await started.close();
    await appendTo(tape, 'feed-binance.BTCUSDT', 720, 5);
    expect(broker.published).toHaveLength(720);
    expect(started.progress().state).toBe('ended');
  });

  it('loses, doubles and reorders nothing, whatever fails at opening and publishing, and whoever else relays', async () => {
    const faults = fc.array(fc.constantFrom<Fault>('before', 'after', null), { maxLength: 12 });
    const appends = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(faults, faults, appends, fc.integer({ min: 1, max: 3 }), async (opening, publishing, sizes, count) => {
        const tape = emptyTape();
        const broker = new MemoryBroker();
        broker.faultOf = (step) => (step === 'open' ? opening : publishing).shift() ?? null;
        const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
        // One after the other is shut out, each in the middle of what it does.
        broker.meanwhile = turn;
        const fenced = Array.from({ length: count }, (_, index) => relay(tape, broker, () => manyTurns(3 + 5 * index)));
        let from = 0;
        for (const size of sizes) {
          await appendTo(tape, 'feed-binance.BTCUSDT', from, size);
          from += size;
          await turn();
        }
        await reaches(broker, tape);
        for (const one of fenced) await one.close();
        expect(broker.published.map(({ value }) => value)).toEqual(await expected(tape));
      }),
      { numRuns: 150 },
    );
  });

  it('goes on where another one came, in a process of its own', async () => {
    const tape = await tapeOf({ 'feed-binance.BTCUSDT': 10 });
    const broker = new MemoryBroker();
    const first = relay(tape, broker);
    await reaches(broker, tape);
    await first.close();
    await appendTo(tape, 'feed-binance.BTCUSDT', 10, 10);
    relay(tape, broker);
    await reaches(broker, tape);
    expect(broker.published.map(({ value }) => value)).toEqual(await expected(tape));
  });

  it('stays, says why, and waits longer each time while nobody answers, and goes on then', async () => {
    const tape = await tapeOf({ 'feed-binance.BTCUSDT': 3 });
    const broker = new MemoryBroker();
    let isAway = true;
    broker.faultOf = () => (isAway ? 'before' : null);
    const waits: number[] = [];
    const started = relay(tape, broker, async () => {
      waits.push(waits.length);
      expect(started.progress()).toMatchObject({ state: 'waiting', reason: expect.stringContaining('told to fail') });
      isAway = waits.length < 9;
    });
    await reaches(broker, tape);
    expect(started.progress()).toMatchObject({ state: 'relaying', reason: null, failures: 9 });
  });

  it('waits between half and all of a time that doubles up to 30 s', async () => {
    const tape = await tapeOf({ 'feed-binance.BTCUSDT': 1 });
    const broker = new MemoryBroker();
    const waits: number[] = [];
    broker.faultOf = () => (waits.length < 8 ? 'before' : null);
    relay(tape, broker, async (ms) => {
      waits.push(ms);
    });
    await reaches(broker, tape);
    expect(waits).toEqual([375, 750, 1500, 3000, 6000, 12000, 22500, 22500]);
  });

  it('holds no more than its queue while the sink stands still', async () => {
    const tape = await tapeOf({ 'feed-binance.BTCUSDT': MAX_QUEUED_EVENTS + 2_500 });
    const broker = new MemoryBroker();
    let go: () => void = () => {};
    const still = new Promise<void>((resolve) => {
      go = resolve;
    });
    broker.meanwhile = () => still;
    const started = relay(tape, broker);
    await until(() => started.progress().queuedEvents === MAX_QUEUED_EVENTS);
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(started.progress().queuedEvents).toBe(MAX_QUEUED_EVENTS);
    go();
    await reaches(broker, tape);
    expect(started.progress().queuedEvents).toBe(0);
    expect(Math.max(...broker.batches)).toBeLessThanOrEqual(2_000);
    expect(broker.published.map(({ value }) => value)).toEqual(await expected(tape));
  });

  it('refuses to go on from what was published of another tape, or of a longer one', async () => {
    const tape = await tapeOf({ 'feed-binance.BTCUSDT': 5 });
    const broker = new MemoryBroker();
    broker.reached = { tape: 'another', position: '2' };
    await expect(relay(tape, broker).ended).rejects.toThrow(OtherTapePublishedError);
    broker.reached = { tape: (await tapeName(tape)) as string, position: '6' };
    await expect(relay(tape, broker).ended).rejects.toThrow(/reaches position 6, and this tape ends at 5/);
    await expect(relay(emptyTape(), broker).ended).rejects.toThrow(/this one is empty/);
    expect(broker.published).toEqual([]);
  });

  it('ends at once with what only a person can put right, unless it has worked before', async () => {
    const tape = await tapeOf({ 'feed-binance.BTCUSDT': 1 });
    const broker = new MemoryBroker();
    const open = broker.open.bind(broker);
    broker.open = async () => {
      throw new StoreError('wrong partitions');
    };
    await expect(relay(tape, broker).ended).rejects.toThrow('wrong partitions');
    let opened = 0;
    broker.faultOf = (step) => (step === 'publish' && opened === 1 ? 'before' : null);
    broker.open = async () => {
      opened++;
      if (opened === 2) throw new StoreError('wrong partitions');
      return open();
    };
    relay(tape, broker);
    await reaches(broker, tape);
    expect(opened).toBe(3);
  });

  it('reads on from what is published when the tape fails in the middle', async () => {
    const tape = await tapeOf({ 'feed-binance.BTCUSDT': 1_500 });
    const broker = new MemoryBroker();
    let failures = 3;
    const failing = alteredEvents(tape, {
      subscribe: (options) => {
        const isFailing = failures-- > 0;
        return tape.subscribe({
          ...options,
          onEvents: async (events, position) => {
            await options.onEvents(events.slice(0, isFailing ? 7 : events.length), position);
            if (isFailing) throw new Error('the connection to the tape broke');
          },
        });
      },
    });
    const started = relay(failing, broker);
    await reaches(broker, tape);
    expect(broker.published.map(({ value }) => value)).toEqual(await expected(tape));
    expect(started.progress().failures).toBe(3);
  });

  it('hands on an event of one stream under one key', async () => {
    const tape = emptyTape();
    await tape.append('feed-binance.BTCUSDT', 'no-stream', [recovered('feed-binance.BTCUSDT', 0)]);
    const broker = new MemoryBroker();
    relay(tape, broker);
    await reaches(broker, tape);
    expect(broker.published[0]).toMatchObject({ topic: 'feeds', key: 'binance.BTCUSDT' });
  });
});

async function manyTurns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
