import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { openMemoryReadStore } from '../../../src/adapters/memory/read-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import type { Time } from '../../../src/ports/clock.ts';
import type { EventStore, SubscribeOptions } from '../../../src/ports/event-store.ts';
import type { DocumentWrite, FindQuery, ReadDocument, ReadStore } from '../../../src/ports/read-store.ts';
import type { Projection } from '../../../src/projections/projection.ts';
import { prepareBuild } from '../../../src/runtime/projections/builds.ts';
import { type ProjectionRunner, startRunner } from '../../../src/runtime/projections/runner.ts';
import { comparePositions, type RecordedEvent, START } from '../../../src/tape/envelope.ts';
import { hastyTime, timeAt } from '../../support/test-time.ts';
import { appendable, chain, halted, NOW } from '../engine/chain.ts';

/** A tape that hands over what the test tells it to. */
class HandTape {
  #options: SubscribeOptions | undefined;

  subscribe(options: SubscribeOptions) {
    this.#options = options;
    return { close: () => Promise.resolve(), ended: new Promise<void>(() => {}) };
  }

  get after(): string {
    return this.#subscribed.after;
  }

  async deliver(...events: RecordedEvent[]): Promise<void> {
    await this.#subscribed.onEvents(events, events[events.length - 1]?.position ?? START);
  }

  async catchUp(position: string): Promise<void> {
    this.#subscribed.onCaughtUp?.(position);
    await settled();
  }

  get #subscribed(): SubscribeOptions {
    if (this.#options === undefined) throw new Error('nobody subscribed');
    return this.#options;
  }
}

/** A read store in memory that counts, and fails as often as it is told to. */
class CountingReads {
  readonly documents = new Map<string, Map<string, ReadDocument>>();
  readonly checkpoints = new Map<string, string>();
  commits = 0;
  loads = 0;
  failures = 0;
  /** Commits wait for it. */
  gate: Promise<void> = Promise.resolve();
  /** What a load does in the caller's thread, before it returns, and what happens there while it is waited for. */
  whileLoading = (): void => {};
  whileWaiting = (): void => {};

  async prepare(): Promise<void> {}

  async load(collection: string, keys: readonly string[]): Promise<ReadonlyMap<string, ReadDocument>> {
    this.#mayFail();
    this.loads++;
    this.whileLoading();
    await null;
    this.whileWaiting();
    const found = new Map<string, ReadDocument>();
    for (const key of keys) {
      const document = this.documents.get(collection)?.get(key);
      if (document !== undefined) found.set(key, document);
    }
    return found;
  }

  async commit(projection: string, writes: readonly DocumentWrite[], position: string): Promise<ReadonlySet<string>> {
    this.#mayFail();
    await this.gate;
    this.commits++;
    const written = new Set<string>();
    for (const { collection, key, document } of writes) {
      const documents = this.documents.get(collection) ?? new Map<string, ReadDocument>();
      this.documents.set(collection, documents);
      const before = documents.get(key);
      if (before !== undefined && comparePositions(before._position, document._position) >= 0) continue;
      documents.set(key, structuredClone(document));
      written.add(`${collection}/${key}`);
    }
    const before = this.checkpoints.get(projection) ?? START;
    if (comparePositions(before, position) < 0) this.checkpoints.set(projection, position);
    return written;
  }

  async checkpoint(projection: string): Promise<string> {
    return this.checkpoints.get(projection) ?? START;
  }

  async find(query: FindQuery) {
    const sequence = (document: ReadDocument) => String(document[query.sort.field]);
    return [...(this.documents.get(query.collection) ?? new Map<string, ReadDocument>())]
      .filter(([, document]) => Object.entries(query.equal ?? {}).every(([field, value]) => document[field] === value))
      .filter(([, document]) => query.after === undefined || sequence(document) > String(query.after.value))
      .sort(([, a], [, b]) => (sequence(a) < sequence(b) ? -1 : 1))
      .slice(0, query.limit)
      .map(([key, document]) => ({ key, document }));
  }

  texts(collection: string): Record<string, unknown> {
    return Object.fromEntries([...(this.documents.get(collection) ?? [])].map(([key, document]) => [key, document.text]));
  }

  #mayFail(): void {
    if (this.failures > 0) {
      this.failures--;
      throw new Error('the disk is away');
    }
  }
}

async function start(
  tape: HandTape,
  reads: CountingReads,
  projection: Projection = chain,
  time: Time = systemTime,
): Promise<ProjectionRunner> {
  const target = { projection, collection: 'chain@1.1' };
  const runner = await startRunner(target, tape as unknown as EventStore, reads as unknown as ReadStore, {
    time: { ...time, now: () => NOW },
  });
  runner.ended.catch(() => {});
  return runner;
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

describe('a projection runner', () => {
  it('folds a batch into whole documents, loads and commits once, and keeps the checkpoint', async () => {
    const [tape, reads] = [new HandTape(), new CountingReads()];
    await start(tape, reads);
    await tape.deliver(halted(1, 'a', 'x'), halted(2, 'b', 'y'), halted(3, 'a', 'z'));
    expect(reads.texts('chain@1.1')).toEqual({ a: 'xz', b: 'y' });
    expect(reads.documents.get('chain@1.1')?.get('a')?._position).toBe('3');
    expect(reads.checkpoints.get('chain@1.1')).toBe('3');
    expect([reads.loads, reads.commits]).toEqual([1, 1]);
  });

  it('takes smaller batches while they keep the thread long, and larger ones again when they do not', async () => {
    const [tape, reads] = [new HandTape(), new CountingReads()];
    let [now, step] = [0, 60];
    await start(tape, reads, chain, { ...systemTime, monotonic: () => now });
    reads.whileLoading = () => {
      now += step;
    };
    reads.whileWaiting = () => {
      now += 1_000;
    };
    const deliver = async (first: number): Promise<number> => {
      const before = reads.commits;
      await tape.deliver(...Array.from({ length: 500 }, (_, index) => halted(first + index, 'a', '.')));
      return reads.commits - before;
    };
    expect(await deliver(1)).toBe(1);
    // 250, 125, 62, 31, 15, 7, 3, 1, and one at a time.
    expect(await deliver(501)).toBe(8 + 6);
    step = 0;
    // 1, 2, 4, ... 256.
    expect(await deliver(1001)).toBe(9);
    expect(await deliver(1501)).toBe(1);
    expect(reads.texts('chain@1.1')).toEqual({ a: '.'.repeat(2000) });
    expect(reads.checkpoints.get('chain@1.1')).toBe('2000');
  });

  it('continues from its checkpoint', async () => {
    const reads = new CountingReads();
    const first = new HandTape();
    const runner = await start(first, reads);
    await first.deliver(halted(1, 'a', 'x'));
    await runner.close();
    const second = new HandTape();
    await start(second, reads);
    expect(second.after).toBe('1');
  });

  it('changes nothing when a batch is delivered again after a lost checkpoint', async () => {
    const reads = new CountingReads();
    const batch = [halted(1, 'a', 'x'), halted(2, 'b', 'y'), halted(10, 'a', 'z')];
    const first = new HandTape();
    await start(first, reads);
    await first.deliver(...batch);
    reads.checkpoints.clear();
    const second = new HandTape();
    await start(second, reads);
    await second.deliver(...batch.slice(0, 2));
    await second.deliver(...batch.slice(2), halted(11, 'a', '!'));
    expect(reads.texts('chain@1.1')).toEqual({ a: 'xz!', b: 'y' });
  });

  it('is not set back by a stale second runner', async () => {
    const reads = new CountingReads();
    const [fast, slow] = [new HandTape(), new HandTape()];
    await start(fast, reads);
    await start(slow, reads);
    await fast.deliver(halted(1, 'a', 'x'), halted(2, 'a', 'y'));
    await slow.deliver(halted(1, 'a', 'x'));
    expect(reads.texts('chain@1.1')).toEqual({ a: 'xy' });
    expect(reads.checkpoints.get('chain@1.1')).toBe('2');
  });

  it('moves its position over events that are not for it, and keeps it at the end of the tape', async () => {
    const [tape, reads] = [new HandTape(), new CountingReads()];
    const runner = await start(tape, reads);
    expect(runner.progress()).toMatchObject({ position: '0', caughtUp: false, lagMs: null });
    await tape.catchUp('7');
    expect(runner.progress()).toMatchObject({ position: '7', caughtUp: true, lagMs: 0 });
    await runner.close();
    expect(reads.checkpoints.get('chain@1.1')).toBe('7');
  });

  it('keeps positions that follow each other quickly once, the last of them', async () => {
    const [tape, reads] = [new HandTape(), new CountingReads()];
    const runner = await start(tape, reads);
    for (const position of ['1', '2', '3']) await tape.catchUp(position);
    await runner.close();
    expect(reads.checkpoints.get('chain@1.1')).toBe('3');
    expect(reads.commits).toBe(1);
  });

  it('keeps positions less often while they go on and on, and soon again after a rest', async () => {
    const [tape, reads] = [new HandTape(), new CountingReads()];
    const waits: number[] = [];
    let now = 0;
    const time = hastyTime(async (ms) => {
      waits.push(ms);
      now += ms;
    });
    const runner = await start(tape, reads, chain, { ...time, monotonic: () => now });
    for (let position = 1; position <= 5; position++) {
      if (position === 5) now += 1_000;
      await tape.catchUp(String(position));
      await expect.poll(() => reads.checkpoints.get('chain@1.1')).toBe(String(position));
    }
    expect(waits).toEqual([20, 40, 80, 150, 20]);
    await runner.close();
  });

  it('is asked to take more only a while after a batch, so that what comes meanwhile is taken together', async () => {
    const [tape, reads] = [new HandTape(), new CountingReads()];
    const runner = await start(tape, reads);
    let mayHaveMore = false;
    const delivered = tape.deliver(halted(1, 'a', 'x')).then(() => {
      mayHaveMore = true;
    });
    expect(await runner.waitFor('1', 60_000)).toBe(true);
    expect(mayHaveMore).toBe(false);
    await delivered;
  });

  it('waits the longer the more has come, up to a bound', async () => {
    const [tape, reads] = [new HandTape(), new CountingReads()];
    const waits: number[] = [];
    const time = hastyTime(async (ms) => {
      waits.push(ms);
      await systemTime.nextLoop();
    });
    await start(tape, reads, chain, time);
    let position = 0;
    for (const count of [1, 100, 499]) {
      await tape.deliver(...Array.from({ length: count }, () => halted(++position, 'a', 'x')));
    }
    expect(waits).toEqual([21, 120, 150]);
  });

  it('says how far behind it is until it has caught up', async () => {
    const [tape, reads] = [new HandTape(), new CountingReads()];
    const runner = await start(tape, reads);
    await tape.deliver(halted(1, 'a', 'x'));
    expect(runner.progress()).toMatchObject({ position: '1', caughtUp: false, lagMs: 3000 });
    await tape.catchUp('1');
    expect(runner.progress()).toMatchObject({ caughtUp: true, lagMs: 0 });
    await tape.deliver(halted(2, 'a', 'x'));
    expect(runner.progress().caughtUp).toBe(false);
  });

  it('tells a waiter when its position is in the read store, and not before', async () => {
    const [tape, reads] = [new HandTape(), new CountingReads()];
    const runner = await start(tape, reads);
    let isReached: boolean | undefined;
    const waiting = runner.waitFor('10', 60_000).then((answer) => {
      isReached = answer;
    });
    await tape.deliver(halted(9, 'a', 'x'));
    await settled();
    expect(isReached).toBeUndefined();
    await tape.deliver(halted(10, 'a', 'y'));
    await waiting;
    expect(isReached).toBe(true);
    expect(await runner.waitFor('9', 0)).toBe(true);
  });

  it('keeps, when it is closed, a position that only events which changed nothing have moved', async () => {
    const [tape, reads] = [new HandTape(), new CountingReads()];
    const runner = await start(tape, reads, { ...chain, keys: () => [] });
    await tape.deliver(halted(1, 'a', 'x'));
    expect(runner.progress().position).toBe('1');
    await runner.close();
    expect(reads.checkpoints.get('chain@1.1')).toBe('1');
  });

  it('is not closed before the position that it is keeping is kept', async () => {
    const [tape, reads] = [new HandTape(), new CountingReads()];
    const runner = await start(tape, reads);
    let open: () => void = () => {};
    reads.gate = new Promise((resolve) => {
      open = resolve;
    });
    await tape.catchUp('7');
    let isClosed = false;
    const closing = runner.close().then(() => {
      isClosed = true;
    });
    await settled();
    expect([isClosed, reads.checkpoints.get('chain@1.1')]).toEqual([false, undefined]);
    open();
    await closing;
    expect(reads.checkpoints.get('chain@1.1')).toBe('7');
  });

  it('tells a waiter when its time is over, or the runner closes', async () => {
    const [tape, reads] = [new HandTape(), new CountingReads()];
    const runner = await start(tape, reads);
    expect(await runner.waitFor('5', 1)).toBe(false);
    const waiting = runner.waitFor('5', 60_000);
    await runner.close();
    expect(await waiting).toBe(false);
  });
});

describe('an event that cannot be applied', () => {
  it('is parked with those behind it for the same document; the rest goes on', async () => {
    const [tape, reads] = [new HandTape(), new CountingReads()];
    const runner = await start(tape, reads);
    await tape.deliver(halted(1, 'a', 'x'), halted(2, 'a', 'poison'), halted(3, 'a', 'z'), halted(4, 'b', 'y'));
    await tape.deliver(halted(5, 'a', 'w'), halted(6, 'b', 'v'));
    expect(reads.texts('chain@1.1')).toEqual({ a: 'x', b: 'yv' });
    expect(runner.progress()).toMatchObject({ position: '6', parkedKeys: 1, parkedEvents: 3 });
    const parked = [...(reads.documents.get('chain@1.1-parked')?.values() ?? [])];
    expect(parked.map(({ key, eventId, error }) => [key, eventId, error])).toEqual([
      ['a', 'id-2', 'cannot swallow poison'],
      ['a', 'id-3', null],
      ['a', 'id-5', null],
    ]);
  });

  it('stays parked over a restart, and is counted once when it is delivered again', async () => {
    const reads = new CountingReads();
    const first = new HandTape();
    await start(first, reads);
    await first.deliver(halted(1, 'a', 'poison'), halted(2, 'a', 'z'));
    reads.checkpoints.clear();
    const second = new HandTape();
    const runner = await start(second, reads);
    expect(runner.progress()).toMatchObject({ parkedKeys: 1, parkedEvents: 2 });
    await second.deliver(halted(1, 'a', 'poison'), halted(2, 'a', 'z'), halted(3, 'a', 'v'));
    expect(runner.progress()).toMatchObject({ parkedKeys: 1, parkedEvents: 3 });
    expect(reads.texts('chain@1.1')).toEqual({});
  });

  it('is parked under its own id when not even its document can be told', async () => {
    const [tape, reads] = [new HandTape(), new CountingReads()];
    const runner = await start(tape, reads);
    await tape.deliver(halted(1, 'a', 'nameless'), halted(2, 'a', 'x'));
    expect(reads.texts('chain@1.1')).toEqual({ a: 'x' });
    expect(runner.progress()).toMatchObject({ parkedKeys: 1, parkedEvents: 1 });
  });
});

describe('a read store that fails', () => {
  it('is tried again, without applying anything twice', async () => {
    const [tape, reads] = [new HandTape(), new CountingReads()];
    const runner = await start(tape, reads, chain, hastyTime());
    reads.failures = 3;
    await tape.deliver(halted(1, 'a', 'x'));
    expect(reads.texts('chain@1.1')).toEqual({ a: 'x' });
    expect(runner.progress().retries).toBe(3);
  });

  it('ends the runner after the last try, with nothing claimed as delivered', async () => {
    const [tape, reads] = [new HandTape(), new CountingReads()];
    const runner = await start(tape, reads, chain, hastyTime());
    reads.failures = 100;
    await expect(tape.deliver(halted(1, 'a', 'x'))).rejects.toThrow('the disk is away');
    expect(runner.progress()).toMatchObject({ position: '0', parkedEvents: 0 });
    expect(reads.failures).toBe(92);
  });

  it('ends the runner too when only the position was to be kept', async () => {
    const [tape, reads] = [new HandTape(), new CountingReads()];
    const runner = await start(tape, reads, chain, hastyTime());
    reads.failures = 100;
    void tape.catchUp('7');
    await expect(runner.ended).rejects.toThrow('the disk is away');
  });
});

describe('beside a tape in memory', () => {
  const time = timeAt(NOW);

  it('catches up with what was there, follows what comes, and goes on after a restart', async () => {
    const tape = openMemoryEventStore({ time, hasLock: true });
    const reads = openMemoryReadStore();
    const target = { projection: chain, collection: 'chain@1.1' };
    await prepareBuild(reads, chain, { version: 1, build: 1 });
    await tape.append('account-a', 'no-stream', [appendable(halted(1, 'a', 'x'))]);
    const first = await startRunner(target, tape, reads, { time });
    expect(await first.waitFor(await tape.head(), 10_000)).toBe(true);
    // Nothing for this projection, but its position moves on.
    const elsewhere = await tape.append('feed-x', 'no-stream', [{ ...appendable(halted(2, 'a', '?')), stream: 'feed-x' }]);
    expect(await first.waitFor(elsewhere.position, 10_000)).toBe(true);
    await first.close();
    await first.ended;
    const last = await tape.append('account-a', 0, [appendable(halted(3, 'a', 'y')), appendable(halted(4, 'a', 'poison'))]);
    const second = await startRunner(target, tape, reads, { time });
    expect(await second.waitFor(last.position, 10_000)).toBe(true);
    expect((await reads.load('chain@1.1', ['a'])).get('a')).toMatchObject({ text: 'xy', _position: '3' });
    expect(second.progress()).toMatchObject({ parkedKeys: 1, parkedEvents: 1 });
    await second.close();
    const third = await startRunner(target, tape, reads, { time });
    expect(third.progress()).toMatchObject({ position: last.position, parkedKeys: 1, parkedEvents: 1 });
    await third.close();
    await tape.close();
  });
});
