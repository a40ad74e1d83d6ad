import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import type { TapeEvent } from '../../../src/domain/catalogue.ts';
import { makeMetrics } from '../../../src/metric-families.ts';
import { StoreError, StoreUnavailableError } from '../../../src/ports/errors.ts';
import { type EventStore, PartialOverlapError, WrongExpectedRevisionError } from '../../../src/ports/event-store.ts';
import { DECISION_FAMILIES } from '../../../src/runtime/engine/metered-engine.ts';
import { answerThread, mainThreadOver } from '../../../src/runtime/process/main-thread.ts';
import { makeEvidence } from '../../../src/tape/envelope.ts';
import { minuteBars, tickingClock } from '../../support/small-market.ts';
import { quickened } from '../../support/test-time.ts';
import { until } from '../../support/until.ts';

const ORIGIN = { actor: 'ingest', codeVersion: 'test' };

const BARS: readonly TapeEvent[] = minuteBars([100, 101, 102, 103]).map(({ type, stream, key, data, occurredAt }) =>
  makeEvidence(type, stream, key, data, { ...ORIGIN, occurredAt }),
);
const STREAM = (BARS[0] as TapeEvent).stream;

function given(
  store: Pick<EventStore, 'append'> = openMemoryEventStore({ time: tickingClock(), hasLock: true }),
  time = systemTime,
) {
  const { port1, port2 } = new MessageChannel();
  const metrics = makeMetrics();
  answerThread(systemTime, port1, { append: store.append.bind(store), figures: () => metrics.snapshot() });
  onTestFinished(() => port1.close());
  return { ...mainThreadOver(time, port2), metrics, hangUp: () => port1.close() };
}

describe('an append by another thread', () => {
  it('is made where the tape is written, in the order in which they are sent', async () => {
    const store = openMemoryEventStore({ time: tickingClock(), hasLock: true });
    const { append } = given(store);
    const first = append(STREAM, 'no-stream', BARS.slice(0, 1));
    const second = append(STREAM, 0, BARS.slice(1, 3));
    expect(await first).toEqual({ revision: 0, position: '1', isRepeated: false });
    expect(await second).toEqual({ revision: 2, position: '3', isRepeated: false });
    expect(await append(STREAM, 'no-stream', BARS.slice(0, 3))).toEqual({ revision: 2, position: '3', isRepeated: true });
    expect((await store.read({ stream: STREAM, limit: 10 })).map(({ id }) => id)).toEqual(BARS.slice(0, 3).map(({ id }) => id));
  });

  it('goes with what else is asked in the same turn, and so do the answers to one commit', async () => {
    const { port1, port2 } = new MessageChannel();
    onTestFinished(() => port1.close());
    const store = openMemoryEventStore({ time: tickingClock(), hasLock: true });
    const commit = Promise.withResolvers<void>();
    const append: EventStore['append'] = (...of) => commit.promise.then(() => store.append(...of));
    answerThread(systemTime, port1, { append, figures: async () => [] });
    const messages = { asked: 0, answered: 0 };
    port1.on('message', () => messages.asked++);
    port2.on('message', () => messages.answered++);
    const main = mainThreadOver(systemTime, port2);
    const appends = Array.from({ length: 12 }, (_, n) =>
      main.append(`request-${n}`, 'no-stream', [{ ...(BARS[0] as TapeEvent), stream: `request-${n}` }]),
    );
    await until(async () => messages.asked > 1);
    commit.resolve();
    // The first eight are not kept waiting for the others.
    expect((await Promise.all(appends)).map(({ position }) => position)).toEqual(appends.map((_, n) => String(n + 1)));
    expect(messages).toEqual({ asked: 2, answered: 1 });
  });

  it('is refused as it is there, with what the caller needs to know', async () => {
    const { append } = given();
    await append(STREAM, 'no-stream', BARS.slice(0, 2));
    const refused = await append(STREAM, 'no-stream', BARS.slice(3)).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WrongExpectedRevisionError);
    expect(refused).toMatchObject({ stream: STREAM, expected: 'no-stream', actual: 1 });
    const overlap = await append(STREAM, 'no-stream', [BARS[0], BARS[2]] as TapeEvent[]).catch((error: unknown) => error);
    expect(overlap).toBeInstanceOf(PartialOverlapError);
    expect(overlap).toMatchObject({ stream: STREAM, message: expect.stringContaining('revision 1') });
  });

  it('fails as it fails there', async () => {
    const full = given({ append: () => Promise.reject(new StoreError('the disk is full')) });
    await expect(full.append(STREAM, 'no-stream', BARS)).rejects.toThrow(new StoreError('the disk is full'));
    const away = new StoreUnavailableError('event store', 'the event store at tape:2113 does not answer');
    const waited = given({ append: () => Promise.reject(away) });
    await expect(waited.append(STREAM, 'no-stream', BARS)).rejects.toThrow(away);
    const broken = given({ append: () => Promise.reject(new TypeError('a bug')) });
    await expect(broken.append(STREAM, 'no-stream', BARS)).rejects.toThrow('a bug');
  });

  it('is answered in time where that thread is stuck, and may be made all the same', async () => {
    let letGo = (): void => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const store = openMemoryEventStore({ time: tickingClock(), hasLock: true });
    const stuck: EventStore['append'] = (...of) => held.then(() => store.append(...of));
    const { append } = given({ append: stuck }, quickened(systemTime, 100));
    const late = await append(STREAM, 'no-stream', BARS).catch((error: unknown) => error);
    expect(late).toBeInstanceOf(StoreUnavailableError);
    expect(late).toMatchObject({ backend: 'event store', message: expect.stringContaining('has not answered within 10000 ms') });
    letGo();
    await until(async () => (await store.head()) === String(BARS.length));
  });

  it('is told when nobody is there to make it any more', async () => {
    const { append, hangUp } = given({ append: () => new Promise(() => {}) });
    const waiting = append(STREAM, 'no-stream', BARS);
    hangUp();
    await expect(waiting).rejects.toThrow('the main thread is gone');
  });
});

describe('the figures of the main thread', () => {
  it('are shown by another', async () => {
    const { figures, metrics } = given();
    metrics.of(DECISION_FAMILIES).signals.inc({ strategy: 'turns', side: 'buy' }, 7);
    const signals = (await figures()).find(({ name }) => name === 'tapedeck_signals_total');
    expect(signals?.values).toMatchObject([{ value: 7, labels: { strategy: 'turns', side: 'buy' } }]);
  });
});

describe('how the parts of the main thread are', () => {
  it('is told to another, unasked', async () => {
    const { port1, port2 } = new MessageChannel();
    const parts = [{ part: 'engine', state: 'waiting', reason: 'the event store does not answer' }] as const;
    answerThread(systemTime, port1, {
      append: () => Promise.reject(),
      figures: async () => [],
      report: () => ({ parts, leases: [] }),
    });
    const main = mainThreadOver(systemTime, port2);
    onTestFinished(() => port1.close());
    expect(main.report()).toBeNull();
    await main.figures();
    expect(main.report()).toEqual({ parts, leases: [] });
  });
});
