import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openMemoryLeases } from '../../../src/adapters/memory/leases.ts';
import { StoreUnavailableError } from '../../../src/ports/errors.ts';
import type { Leases } from '../../../src/ports/leases.ts';
import { LeaseLostError, type Tenure } from '../../../src/runtime/leases/lease.ts';
import { LeaseKeeper } from '../../../src/runtime/leases/lease-keeper.ts';
import { pause } from '../../../src/waiting.ts';
import { SimulatedProcess, SimulatedTime } from '../../support/simulated-time.ts';

const LENGTH = 6_000;
/** Once it has stood still for its length, it is taken at the next look. */
const HANDED_OVER = LENGTH + LENGTH / 10 + 1;

interface Instance {
  readonly process: SimulatedProcess;
  readonly keeper: LeaseKeeper;
  /** What it has been given, the last of all. */
  readonly held: () => Tenure | undefined;
  readonly believes: () => boolean;
  readonly stop: AbortController;
}

/** An instance that wants the lease all the time. */
function instance(time: SimulatedTime, leases: Leases, name: string, offset = 0): Instance {
  const process = new SimulatedProcess(time, offset);
  const keeper = new LeaseKeeper({ leases, owner: name, holder: `host-${name}:1`, lengthMs: LENGTH, time: process }, () => {});
  const stop = new AbortController();
  let tenure: Tenure | undefined;
  const want = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      tenure = await keeper.lease('engine').acquire(stop.signal);
      if (tenure === undefined) return;
      const { ended } = tenure;
      await new Promise((resolve) => {
        if (ended.aborted) resolve(undefined);
        else ended.addEventListener('abort', resolve, { once: true });
      });
    }
  };
  void want();
  return { process, keeper, held: () => tenure, believes: () => tenure?.isHeld() ?? false, stop };
}

describe('a lease', () => {
  it('is taken at once where nobody has it, and kept as long as its owner raises it', async () => {
    const time = new SimulatedTime();
    const leases = openMemoryLeases();
    const a = instance(time, leases, 'a');
    await time.runUntil(1_000);
    const b = instance(time, leases, 'b', 1e9);
    await time.runUntil(20 * LENGTH, () => expect(b.believes()).toBe(false));
    expect(a.believes()).toBe(true);
    expect((await leases.read()).get('engine')).toMatchObject({ owner: 'a', holder: 'host-a:1', epoch: 1 });
    expect(a.keeper.holders()).toEqual([{ name: 'engine', holder: 'host-a:1', here: true }]);
    expect(b.keeper.holders()).toEqual([{ name: 'engine', holder: 'host-a:1', here: false }]);
  });

  it('is handed over within its length and one look after its owner was killed', async () => {
    const time = new SimulatedTime();
    const leases = openMemoryLeases();
    const a = instance(time, leases, 'a');
    await time.runUntil(1_000);
    const b = instance(time, leases, 'b');
    await time.runUntil(LENGTH * 2.3);
    a.process.frozenUntil = Number.POSITIVE_INFINITY;
    const killedAt = time.now();
    await time.runUntil(killedAt + HANDED_OVER);
    expect(b.believes()).toBe(true);
    expect((await leases.read()).get('engine')).toMatchObject({ owner: 'b', epoch: 2 });
  });

  it('is over for an owner that was frozen, before it does anything', async () => {
    const time = new SimulatedTime();
    const leases = openMemoryLeases();
    const a = instance(time, leases, 'a');
    await time.runUntil(1_000);
    const b = instance(time, leases, 'b');
    const tenure = a.held() as Tenure;
    a.process.frozenUntil = 5 * LENGTH;
    await time.runUntil(5 * LENGTH - 1);
    expect(b.believes()).toBe(true);
    // The very first thing that it does when it runs again, before any timer or answer.
    expect(tenure.isHeld()).toBe(false);
    expect(() => tenure.assertHeld()).toThrow(LeaseLostError);
    expect(tenure.ended.aborted).toBe(true);
    await time.runUntil(10 * LENGTH, () => expect(a.believes() && b.believes()).toBe(false));
    expect(b.believes()).toBe(true);
  });

  it('is over for an owner that cannot raise it, and its own again when nobody took it', async () => {
    const time = new SimulatedTime();
    const leases = openMemoryLeases();
    let isAway = false;
    const torn: Leases = {
      read: async () => (isAway ? Promise.reject(new StoreUnavailableError('read store', 'away')) : leases.read()),
      compareAndSet: async (...args) =>
        isAway ? Promise.reject(new StoreUnavailableError('read store', 'away')) : leases.compareAndSet(...args),
      close: () => leases.close(),
    };
    const a = instance(time, torn, 'a');
    await time.runUntil(1_000);
    const first = a.held() as Tenure;
    isAway = true;
    await time.runUntil(1_000 + (LENGTH * 2) / 3 + 1);
    expect(first.ended.aborted).toBe(true);
    isAway = false;
    await time.runUntil(time.now() + LENGTH / 5);
    expect(a.believes()).toBe(true);
    expect(a.held()).not.toBe(first);
  });

  it('is held from when a raise was begun, not from its answer', async () => {
    const time = new SimulatedTime();
    const leases = openMemoryLeases();
    let raises = 0;
    const torn: Leases = {
      ...{ read: () => leases.read(), close: () => leases.close() },
      compareAndSet: async (...args) => {
        // The first raise is told late, and no other is made.
        if (++raises > 2) throw new StoreUnavailableError('read store', 'away');
        const isOurs = await leases.compareAndSet(...args);
        if (raises === 2) await pause(time, LENGTH / 4);
        return isOurs;
      },
    };
    const a = instance(time, torn, 'a');
    await time.runUntil(LENGTH / 5 - 1);
    const began = LENGTH / 5;
    await time.runUntil(began + (LENGTH * 2) / 3 - 1);
    expect(a.believes()).toBe(true);
    await time.runUntil(began + (LENGTH * 2) / 3);
    expect(a.believes()).toBe(false);
  });

  it('is not held up by a call that never comes back', async () => {
    const time = new SimulatedTime();
    const leases = openMemoryLeases();
    const torn: Leases = {
      ...{ read: () => leases.read(), close: () => leases.close() },
      compareAndSet: (name, ...rest) => (name === 'relay' ? new Promise(() => {}) : leases.compareAndSet(name, ...rest)),
    };
    const a = instance(time, torn, 'a');
    void a.keeper.lease('relay').acquire(a.stop.signal);
    await time.runUntil(LENGTH, () => undefined);
    await time.runUntil(10 * LENGTH, () => expect(a.believes()).toBe(true));
  });

  it('is taken over at once when it was given back', async () => {
    const time = new SimulatedTime();
    const leases = openMemoryLeases();
    const a = instance(time, leases, 'a');
    await time.runUntil(1_000);
    const b = instance(time, leases, 'b');
    await time.runUntil(2 * LENGTH);
    a.stop.abort();
    const closed = a.keeper.close();
    await time.runUntil(2 * LENGTH + LENGTH / 10 + 1);
    await closed;
    expect(a.believes()).toBe(false);
    expect(b.believes()).toBe(true);
  });

  it('can be given back while the process goes on, and is not taken again unless it is wanted', async () => {
    const time = new SimulatedTime();
    const leases = openMemoryLeases();
    const a = instance(time, leases, 'a');
    await time.runUntil(1_000);
    a.stop.abort();
    await a.keeper.lease('engine').giveBack();
    await time.runUntil(3 * LENGTH);
    expect(a.believes()).toBe(false);
    expect((await leases.read()).get('engine')?.owner).toBeNull();
    expect(a.keeper.holders()).toEqual([{ name: 'engine', holder: null, here: false }]);
  });

  it.each(['first', 'last'] as const)('is given back while a raise is on its way, which is there %s', async (order) => {
    const time = new SimulatedTime();
    const leases = openMemoryLeases();
    const slow: Leases = {
      ...{ read: () => leases.read(), close: () => leases.close() },
      compareAndSet: async (name, seen, next) => {
        const isRaise = seen !== null && next.owner !== null;
        if (order === 'first' ? next.owner === null : isRaise) await pause(time, 50);
        const isOurs = await leases.compareAndSet(name, seen, next);
        if (isRaise) await pause(time, 50);
        return isOurs;
      },
    };
    const a = instance(time, slow, 'a');
    await time.runUntil(LENGTH / 5 + 20);
    a.stop.abort();
    // What was done under it gives it back, and then the process ends.
    const closed = a.keeper
      .lease('engine')
      .giveBack()
      .then(() => a.keeper.close());
    await time.runUntil(LENGTH / 2);
    await closed;
    expect((await leases.read()).get('engine')).toMatchObject({ owner: null, epoch: 1 });
  });

  it('is never held by two at once, whatever is slow, lost or frozen, and by one when all is well again', async () => {
    const faults = fc.array(
      fc.record({
        after: fc.integer({ min: 0, max: LENGTH }),
        who: fc.nat(2),
        what: fc.oneof(
          fc.record({ freeze: fc.integer({ min: 1, max: 3 * LENGTH }) }),
          fc.record({ slow: fc.integer({ min: 0, max: LENGTH }), lost: fc.boolean() }),
          fc.record({ close: fc.constant(true) }),
        ),
      }),
      { maxLength: 12 },
    );
    const offsets = fc.array(fc.integer({ min: 0, max: 1e9 }), { minLength: 3, maxLength: 3 });
    let handedOver = 0;
    await fc.assert(
      fc.asyncProperty(faults, offsets, async (plan, clocks) => {
        const time = new SimulatedTime();
        const leases = openMemoryLeases();
        const links = clocks.map((): Link => ({ slow: 0, isLost: false, process: null }));
        const instances = clocks.map((offset, who) => instance(time, link(time, leases, links[who] as Link), `i${who}`, offset));
        for (const [who, { process }] of instances.entries()) Object.assign(links[who] as Link, { process });
        const closed = new Set<number>();
        const look = (): void => {
          expect(instances.filter(({ process, believes }) => !process.isFrozen && believes()).length).toBeLessThanOrEqual(1);
        };
        for (const { after, who, what } of plan) {
          await time.runUntil(time.now() + after, look);
          if ('freeze' in what) (instances[who] as Instance).process.frozenUntil = time.now() + what.freeze;
          else if ('slow' in what) Object.assign(links[who] as Link, what);
          else if (closed.size < 2 && !closed.has(who)) {
            closed.add(who);
            (instances[who] as Instance).stop.abort();
            void (instances[who] as Instance).keeper.close();
          }
        }
        for (const each of links) Object.assign(each, { slow: 0, lost: false });
        const wellAt = Math.max(time.now(), ...instances.map(({ process }) => process.frozenUntil));
        await time.runUntil(wellAt + 3 * LENGTH, look);
        expect(instances.filter(({ believes }) => believes()).length).toBe(1);
        handedOver += ((await leases.read()).get('engine')?.epoch ?? 0) - 1;
      }),
      { numRuns: 150 },
    );
    // The plans do make it change hands.
    expect(handedOver).toBeGreaterThan(20);
  });
});

interface Link {
  /** How long a call and its answer take, each, at most half of it. */
  slow: number;
  /** Answers do not come. */
  isLost: boolean;
  /** Whose it is: while that is frozen, answers wait. */
  process: SimulatedProcess | null;
}

/** The leases over a bad network: what is asked is done half-way through, and perhaps nobody hears of it. */
function link(time: SimulatedTime, leases: Leases, state: Link): Leases {
  const over = async <T>(call: () => Promise<T>): Promise<T> => {
    const { slow, isLost } = state;
    if (slow > 0) await pause(time, slow / 2);
    const answer = await call();
    if (slow > 0) await pause(state.process ?? time, slow / 2);
    if (isLost) throw new StoreUnavailableError('read store', 'the answer is lost');
    return answer;
  };
  return {
    read: () => over(() => leases.read()),
    compareAndSet: (name, seen, next) => over(() => leases.compareAndSet(name, seen, next)),
    close: () => leases.close(),
  };
}
