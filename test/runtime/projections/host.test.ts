import { describe, expect, it, onTestFinished } from 'vitest';
import { openMemoryLeases } from '../../../src/adapters/memory/leases.ts';
import type { TapeEvent } from '../../../src/domain/catalogue.ts';
import type { Time } from '../../../src/ports/clock.ts';
import { StoreUnavailableError } from '../../../src/ports/errors.ts';
import type { Leases } from '../../../src/ports/leases.ts';
import type { ReadStore } from '../../../src/ports/read-store.ts';
import type { Projection } from '../../../src/projections/projection.ts';
import { LeaseKeeper } from '../../../src/runtime/leases/lease-keeper.ts';
import { beginBuild, GRACE_MS, readBuilds, servingCollection } from '../../../src/runtime/projections/builds.ts';
import { FollowedProjection, followProjections } from '../../../src/runtime/projections/followed.ts';
import { type HostedProjection, startProjection } from '../../../src/runtime/projections/host.ts';
import { alteredEvents, alteredReads } from '../../support/altered-stores.ts';
import { SimulatedTime } from '../../support/simulated-time.ts';
import { quickened } from '../../support/test-time.ts';
import { until } from '../../support/until.ts';
import { appendable, ChainTape, chain, halted, loudChain, time } from '../engine/chain.ts';

const TIMEOUT_MS = 10_000;

/** The time of tests that would take seconds otherwise, and their patience in it. */
const QUICK = quickened(time, 10);
const QUICK_TIMEOUT_MS = 10 * TIMEOUT_MS;

async function host(
  tape: ChainTape,
  projection: Projection = chain,
  reads: ReadStore = tape.reads,
  passing: Time = time,
): Promise<HostedProjection> {
  const hosted = await startProjection(projection, tape.events, reads, { time: passing });
  hosted.ended.catch(() => {});
  onTestFinished(() => hosted.close());
  return hosted;
}

/** The same store, whose commits to one collection wait until they are let through. */
function gated(reads: ReadStore, collection: string): { store: ReadStore; open(): void } {
  let open: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const store = alteredReads(reads, {
    commit: async (name, writes, position) => {
      if (name === collection) await gate;
      return reads.commit(name, writes, position);
    },
  });
  return { store, open };
}

describe('a read model', () => {
  it('serves its first build while it fills', async () => {
    const tape = new ChainTape();
    const position = await tape.halt('a', 'x');
    const hosted = await host(tape);
    expect(await hosted.waitFor(position, TIMEOUT_MS)).toBe(true);
    expect(await tape.texts('chain@1.1', 'a')).toEqual({ a: 'x' });
    expect(hosted.progress()).toMatchObject({ projection: 'chain', collection: 'chain@1.1', position, building: null });
  });

  it('goes on where it left off after a restart', async () => {
    const tape = new ChainTape();
    const first = await host(tape);
    await first.waitFor(await tape.halt('a', 'x'), TIMEOUT_MS);
    await first.close();
    await first.ended;
    const second = await host(tape);
    expect(second.progress().position).toBe('1');
    await second.waitFor(await tape.halt('a', 'y'), TIMEOUT_MS);
    expect(await tape.texts('chain@1.1', 'a')).toEqual({ a: 'xy' });
  });

  it('has a new version built beside the old one, which serves until the new one has caught up', async () => {
    const tape = new ChainTape();
    const old = await host(tape);
    await old.waitFor(await tape.halt('a', 'x'), TIMEOUT_MS);
    await old.close();

    const { store, open } = gated(tape.reads, 'chain@2.2');
    const next = await host(tape, loudChain, store, QUICK);
    const later = await tape.halt('a', 'y');
    expect(await next.waitFor(later, 1_500)).toBe(false);
    expect(next.progress()).toMatchObject({ collection: 'chain@1.1', position: '1', building: { collection: 'chain@2.2' } });
    expect(await servingCollection(tape.reads, loudChain)).toBe('chain@1.1');
    expect(await tape.texts('chain@1.1', 'a')).toEqual({ a: 'x' });

    open();
    expect(await next.waitFor(later, QUICK_TIMEOUT_MS)).toBe(true);
    expect(next.progress()).toMatchObject({ collection: 'chain@2.2', position: later, building: null });
    expect(await tape.texts('chain@2.2', 'a')).toEqual({ a: 'XY' });
    // What served before is dropped, once nobody can be reading it any more.
    await until(async () => (await readBuilds(tape.reads, ['chain'])).get('chain')?.retired.length === 0);
    await expect(tape.reads.load('chain@1.1', ['a'])).rejects.toThrow('was not prepared');
    expect(await tape.reads.checkpoint('chain@1.1')).toBe('0');
  });

  it('is not served from a new version before that has committed as much as the old one', async () => {
    const tape = new ChainTape();
    const event = { ...appendable(halted(1, 'a', 'x')), type: 'TradingResumed' } as TapeEvent;
    const { position } = await tape.events.append(event.stream, 'no-stream', [event]);
    const old = await host(tape);
    await until(async () => (await tape.reads.checkpoint('chain@1.1')) === position);
    await old.close();

    const { store, open } = gated(tape.reads, 'chain@2.2');
    const next = await host(tape, loudChain, store);
    await until(() => next.progress().building?.position === position);
    await new Promise((resolve) => {
      setTimeout(resolve, 250);
    });
    expect(await servingCollection(tape.reads, chain)).toBe('chain@1.1');
    open();
    await until(async () => (await servingCollection(tape.reads, chain)) === 'chain@2.2');
    expect(await tape.reads.checkpoint('chain@2.2')).toBe(position);
  });

  it('is built in the end when a third version comes while the second is made', async () => {
    const tape = new ChainTape();
    const old = await host(tape);
    await old.waitFor(await tape.halt('a', 'x'), TIMEOUT_MS);
    const seconds = gated(tape.reads, 'chain@2.2');
    const second = await host(tape, loudChain, seconds.store);
    const thirds = gated(tape.reads, 'chain@3.3');
    const third = await host(tape, { ...loudChain, version: 3 }, thirds.store);
    seconds.open();
    await new Promise((resolve) => {
      setTimeout(resolve, 250);
    });
    thirds.open();
    const position = await tape.halt('a', 'y');
    expect(await third.waitFor(position, TIMEOUT_MS)).toBe(true);
    await until(() => third.progress().collection === 'chain@3.3');
    expect(await second.waitFor(position, TIMEOUT_MS)).toBe(true);
    expect((await readBuilds(tape.reads, ['chain'])).get('chain')?.made).toBe(3);
  });

  it('is built again by an older version that is begun after a newer one was given up', async () => {
    const tape = new ChainTape();
    const old = await host(tape);
    await old.waitFor(await tape.halt('a', 'x'), TIMEOUT_MS);
    await beginBuild(tape.reads, { ...loudChain, version: 3 });
    const second = await host(tape, loudChain);
    await until(() => second.progress().collection === 'chain@2.3');
  });

  it('is left to a newer build, whose documents are served by an older one too', async () => {
    const tape = new ChainTape();
    await tape.halt('a', 'x');
    const newer = await host(tape, loudChain);
    const older = await host(tape, chain);
    const position = await tape.halt('a', 'y');
    expect(await older.waitFor(position, TIMEOUT_MS)).toBe(true);
    expect(older.progress()).toMatchObject({ collection: 'chain@2.1', building: null });
    expect(await tape.texts('chain@2.1', 'a')).toEqual({ a: 'XY' });
    expect(newer.progress().collection).toBe('chain@2.1');
  });

  it('is built once by two processes of a new version that start together', async () => {
    const tape = new ChainTape();
    const old = await host(tape);
    await old.waitFor(await tape.halt('a', 'x'), TIMEOUT_MS);
    await old.close();
    const both = await Promise.all([host(tape, loudChain), host(tape, loudChain)]);
    const position = await tape.halt('a', 'y');
    for (const hosted of both) {
      expect(await hosted.waitFor(position, TIMEOUT_MS)).toBe(true);
      expect(hosted.progress().collection).toBe('chain@2.2');
    }
    expect(await tape.texts('chain@2.2', 'a')).toEqual({ a: 'XY' });
  });

  it('ends its waits when it is closed', async () => {
    const hosted = await host(new ChainTape());
    const waiting = hosted.waitFor('5', 60_000);
    await hosted.close();
    expect(await waiting).toBe(false);
  });

  it('fails when the tape does', async () => {
    const tape = new ChainTape();
    const ended = Promise.reject(new Error('the tape tore'));
    ended.catch(() => {});
    const torn = alteredEvents(tape.events, { subscribe: () => ({ ended, close: async () => {} }) });
    const hosted = await startProjection(chain, torn, tape.reads, { time });
    await expect(hosted.ended).rejects.toThrow('the tape tore');
    await hosted.close();
  });
});

describe('a read model among several instances', () => {
  it('goes on when its lease was lost and got again in the middle of a batch', async () => {
    const tape = new ChainTape();
    const leases = openMemoryLeases();
    let isAway = false;
    const torn: Leases = {
      read: async () => (isAway ? Promise.reject(new StoreUnavailableError('read store', 'away')) : leases.read()),
      compareAndSet: async (...change) =>
        isAway ? Promise.reject(new StoreUnavailableError('read store', 'away')) : leases.compareAndSet(...change),
      close: () => leases.close(),
    };
    const terms = { leases: torn, owner: 'a', holder: 'host-a:1', lengthMs: 200, time };
    const keeper = new LeaseKeeper(terms, () => {});
    onTestFinished(() => keeper.close());
    const lease = keeper.lease('projection-chain@1');
    let gate: Promise<void> | undefined;
    const slow = alteredReads(tape.reads, {
      load: async (name, keys) => {
        if (name === 'chain@1.1') await gate;
        return tape.reads.load(name, keys);
      },
    });
    const hosted = await startProjection(chain, tape.events, slow, { time: QUICK, lease });
    hosted.ended.catch(() => {});
    onTestFinished(() => hosted.close());
    expect(await hosted.waitFor(await tape.halt('a', 'x'), QUICK_TIMEOUT_MS)).toBe(true);
    let open: () => void = () => {};
    gate = new Promise((resolve) => {
      open = resolve;
    });
    const position = await tape.halt('a', 'y');
    isAway = true;
    await until(() => !lease.isHeld());
    isAway = false;
    await until(() => lease.isHeld());
    open();
    expect(await hosted.waitFor(position, QUICK_TIMEOUT_MS)).toBe(true);
    expect(await tape.texts('chain@1.1', 'a')).toEqual({ a: 'xy' });
  });

  it('is made by one of them, and seen by the others', async () => {
    const tape = new ChainTape();
    const leases = openMemoryLeases();
    const hostAmong = async (owner: string) => {
      const terms = { leases, owner, holder: `host-${owner}:1`, lengthMs: 2_000, time };
      const keeper = new LeaseKeeper(terms, () => {});
      const lease = keeper.lease('projection-chain@1');
      const hosted = await startProjection(chain, tape.events, tape.reads, { time, lease });
      onTestFinished(async () => {
        await hosted.close();
        await keeper.close();
      });
      return { hosted, lease };
    };
    const first = await hostAmong('a');
    await until(() => first.lease.isHeld());
    const second = await hostAmong('b');
    const position = await tape.halt('a', 'x');
    expect(await second.hosted.waitFor(position, TIMEOUT_MS)).toBe(true);
    expect(second.hosted.progress()).toMatchObject({ collection: 'chain@1.1', position, caughtUp: true });
    expect(second.lease.isHeld()).toBe(false);
  });
});

describe('whoever only reads', () => {
  it('sees within moments what another process has committed, and waits for it', async () => {
    const tape = new ChainTape();
    const followed = await followProjections([chain], tape.events, tape.reads, { time, isAcross: false });
    onTestFinished(() => followed.close());
    const seen = followed.projections.get('chain');
    expect(seen?.progress()).toEqual({ projection: 'chain', collection: 'chain@1.1', position: '0', caughtUp: true, lagMs: 0 });
    const position = await tape.halt('a', 'x');
    expect(await seen?.waitFor(position, 60)).toBe(false);
    // The age of what is not delivered, by the time it was recorded.
    expect(seen?.progress()).toMatchObject({ caughtUp: false, position: '0', lagMs: 0 });
    await host(tape);
    expect(await seen?.waitFor(position, TIMEOUT_MS)).toBe(true);
    expect(seen?.progress()).toMatchObject({ caughtUp: true, position });
  });

  it('sees that another build serves', async () => {
    const tape = new ChainTape();
    const old = await host(tape);
    const position = await tape.halt('a', 'x');
    await old.waitFor(position, TIMEOUT_MS);
    const followed = await followProjections([chain], tape.events, tape.reads, { time, isAcross: false });
    onTestFinished(() => followed.close());
    await old.close();
    await host(tape, loudChain);
    await until(() => followed.projections.get('chain')?.progress().collection === 'chain@2.2');
    expect(await followed.projections.get('chain')?.waitFor(position, TIMEOUT_MS)).toBe(true);
  });

  it('never reads back: what it has read is read on until the build that serves has come as far', () => {
    const followed = new FollowedProjection(chain, time);
    const lag = { caughtUp: true, lagMs: 0 };
    followed.noteProgress('chain@1.1', '7', lag);
    followed.noteProgress('chain@2.2', '5', lag);
    expect(followed.progress()).toMatchObject({ collection: 'chain@1.1', position: '7' });
    followed.noteProgress('chain@2.2', '7', lag);
    expect(followed.progress()).toMatchObject({ collection: 'chain@2.2', position: '7' });
  });

  it('reads from a build that stays behind before the one that it has read is dropped', async () => {
    const simulated = new SimulatedTime();
    const followed = new FollowedProjection(chain, simulated);
    const lag = { caughtUp: false, lagMs: 9 };
    followed.noteProgress('chain@1.1', '7', lag);
    followed.noteProgress('chain@2.2', '5', lag);
    await simulated.runUntil(GRACE_MS / 2);
    followed.noteProgress('chain@2.2', '5', lag);
    expect(followed.progress()).toMatchObject({ collection: 'chain@2.2', position: '5' });
  });

  it('is whole once it has what was on the tape at the start, and stays so', async () => {
    const tape = new ChainTape();
    await tape.halt('a', 'x');
    const there = await tape.halt('a', 'y');
    const followed = await followProjections([chain], tape.events, tape.reads, { time, isAcross: false });
    onTestFinished(() => followed.close());
    const seen = followed.projections.get('chain');
    const message = `is at position 0 of ${there}, where the tape ended at the start`;
    expect([seen?.isWhole, followed.unread()]).toEqual([false, [{ path: 'chain', message }]]);
    // What is recorded later does not count.
    const hosted = await host(tape);
    await until(() => seen?.isWhole === true);
    await hosted.close();
    await tape.halt('a', 'z');
    await until(() => seen?.progress().caughtUp === false);
    expect([seen?.isWhole, followed.unread()]).toEqual([true, []]);
  });

  it('is told when nothing more will be seen', async () => {
    const tape = new ChainTape();
    const followed = await followProjections([chain], tape.events, tape.reads, { time, isAcross: false });
    const waiting = followed.projections.get('chain')?.waitFor('7', 60_000);
    await followed.close();
    expect(await waiting).toBe(false);
    await followed.ended;
  });
});

describe('which build serves', () => {
  it('is changed by one process at a time: no two builds get the same number', async () => {
    const tape = new ChainTape();
    const builds = await Promise.all([1, 2, 3, 4, 5].map(() => beginBuild(tape.reads, chain)));
    expect(builds.map(({ build }) => build).sort()).toEqual([2, 3, 4, 5, 6]);
    const { next, retired } = (await readBuilds(tape.reads, ['chain'])).get('chain') ?? {};
    expect(next?.build).toBe(6);
    expect(retired?.map(({ build }) => build)).toEqual([2, 3, 4, 5]);
  });
});
