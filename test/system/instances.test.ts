/** Several instances on stores that have no lock of their own: what they leave is what one leaves. */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { barClosed } from '../../src/domain/feed/evidence.ts';
import { EVIDENCE_CATEGORIES } from '../../src/domain/streams.ts';
import { PROJECTIONS } from '../../src/projections/projections.ts';
import { START } from '../../src/tape/envelope.ts';
import { barOf } from '../support/fixtures.ts';
import { until } from '../support/until.ts';
import { givenTape, LEASE_MS, madeByOne, PARTS, started } from './given-instances.ts';

describe('several instances on one tape', () => {
  it('leave the tape of one when the one that decides is stopped, and it does nothing more when it wakes', async () => {
    const one = await madeByOne();
    const tape = await givenTape();
    const [a, b] = [tape.instance('a'), tape.instance('b')];
    await started(a, b);
    await tape.record(PARTS[0]);
    await until(() => a.decides() || b.decides());
    const [holder, standby] = a.decides() ? [a, b] : [b, a];
    await until(async () => (await tape.count()) === one.counts[0]);
    expect(standby.link.appends).toBe(0);
    holder.link.freeze();
    await tape.record(PARTS[1]);
    await until(() => standby.decides());
    await until(async () => (await tape.count()) === one.counts[1]);
    const before = holder.link.appends;
    holder.link.thaw();
    await tape.record(PARTS[2]);
    await until(async () => (await tape.count()) === one.counts[2]);
    expect(await tape.facts()).toEqual(one.facts);
    expect(holder.link.appends).toBe(before);
    expect(holder.decides()).toBe(false);
    await until(() => tape.isRead());
    expect(standby.system.report().leases.every(({ holder: who }) => who === null || /^host-[ab]:1$/.test(who))).toBe(true);
  });

  it('hand over at once when the one that decides is ended, and share the read models', async () => {
    const one = await madeByOne();
    const tape = await givenTape();
    const [a, b] = [tape.instance('a'), tape.instance('b')];
    await started(a, b);
    await until(() => a.decides() || b.decides());
    const [first, second] = a.decides() ? [a, b] : [b, a];
    await tape.record(PARTS[0]);
    await first.close();
    await tape.record(PARTS[1]);
    await until(() => second.decides());
    await tape.record(PARTS[2]);
    await until(async () => (await tape.count()) === one.counts[2]);
    expect(await tape.facts()).toEqual(one.facts);
    await until(() => tape.isRead());
    const { leases } = second.system.report();
    expect(leases).toHaveLength(1 + PROJECTIONS.length);
    expect(leases.every(({ here }) => here)).toBe(true);
  });

  it('hand over when the one that decides does not reach the tape any more, though nothing comes to be decided', async () => {
    const one = await madeByOne();
    const tape = await givenTape();
    const [a, b] = [tape.instance('a'), tape.instance('b')];
    await started(a, b);
    await until(() => a.decides() || b.decides());
    const [holder, standby] = a.decides() ? [a, b] : [b, a];
    holder.link.away.add('event store');
    await until(() => standby.system.report().leases.every(({ here }) => here));
    for (const part of PARTS) await tape.record(part);
    await until(async () => (await tape.count()) === one.counts[2]);
    expect(await tape.facts()).toEqual(one.facts);
    await until(() => tape.isRead());
    holder.link.away.clear();
    await until(() => holder.system.report().parts.every(({ state }) => state !== 'waiting'));
    expect(holder.decides()).toBe(false);
  });

  it('lose and double nothing in a rolling upgrade and a rollback', async () => {
    const one = await madeByOne();
    const tape = await givenTape();
    const [a, b] = [tape.instance('a'), tape.instance('b')];
    await started(a, b);
    await tape.record(PARTS[0]);
    await until(async () => (await tape.count()) === one.counts[0]);
    const upgraded = tape.instance('c', 'two');
    await started(upgraded);
    // One after the other gives way; whichever has the lease in between.
    await a.close();
    await b.close();
    await until(() => upgraded.decides());
    await tape.record(PARTS[1]);
    await until(async () => (await tape.count()) === one.counts[1]);
    expect(await tape.builds()).toEqual(['one', 'two']);

    const replaced = tape.instance('d');
    await started(replaced);
    await upgraded.close();
    // The older build does not come back by itself.
    await sleep(3 * LEASE_MS);
    expect(replaced.decides()).toBe(false);
    expect(replaced.system.report().parts.find(({ part }) => part === 'engine')?.state).toBe('standby');
    const putBack = tape.instance('e', 'one', true);
    await started(putBack);
    await tape.record(PARTS[2]);
    await until(async () => (await tape.count()) === one.counts[2]);
    expect(await tape.facts()).toEqual(one.facts);
    expect(await tape.builds()).toEqual(['one', 'two', 'one']);
    // Now the one that stood by may decide again.
    await putBack.close();
    await until(() => replaced.decides());
    expect(await tape.builds()).toEqual(['one', 'two', 'one']);
  });
});

describe('an instance that loses the lease of the engine', () => {
  it('does not raise the checkpoint when it wakes, past evidence that nobody else has decided', async () => {
    const tape = await givenTape();
    const a = tape.instance('a');
    await started(a);
    await tape.record(PARTS[0]);
    await until(() => tape.isAtRest());
    const before = await tape.engineCheckpoint();
    a.link.freeze();
    // On what is of no instrument nothing is decided, and so nothing is appended that could be refused.
    await tape.record([barClosed(barOf({ venue: 'testvenue', symbol: 'CCCBBB' }))]);
    await sleep(LEASE_MS);
    await tape.holdEngineLease();
    a.link.thaw();
    await until(() => a.engineState() === 'standby');
    expect(await tape.engineCheckpoint()).toBe(before);
  });

  it('keeps its state, and goes on from there when it has the lease again', async () => {
    const one = await madeByOne();
    const tape = await givenTape();
    const a = tape.instance('a');
    await started(a);
    await tape.record(PARTS[0]);
    await until(async () => (await tape.count()) === one.counts[0]);
    await until(() => tape.isAtRest());
    const reads = vi.spyOn(tape.events, 'read');
    const other = await tape.holdEngineLease();
    await until(() => a.engineState() === 'standby');
    await tape.record(PARTS[1]);
    await sleep(LEASE_MS);
    expect(await tape.count()).toBe((one.counts[0] ?? 0) + PARTS[1].length);
    await other.end();
    await until(() => a.decides());
    await tape.record(PARTS[2]);
    await until(async () => (await tape.count()) === one.counts[2]);
    expect(await tape.facts()).toEqual(one.facts);
    expect(reads).toHaveBeenCalledWith(expect.objectContaining({ categories: EVIDENCE_CATEGORIES }));
    expect(reads).not.toHaveBeenCalledWith(expect.objectContaining({ categories: EVIDENCE_CATEGORIES, after: START }));
  });
});

describe('an instance whose engines are away', () => {
  it('says which, and starts when they are there', async () => {
    const one = await madeByOne();
    const tape = await givenTape();
    const a = tape.instance('a');
    a.link.away.add('event store');
    for (const part of PARTS) await tape.record(part);
    const starting = a.system.start();
    const waits = { part: 'settings', state: 'waiting', reason: 'event store: the event store does not answer' };
    await until(() => a.system.report().parts.some(({ state }) => state === 'waiting'));
    expect(a.system.report().parts).toEqual([waits]);
    a.link.away.clear();
    await starting;
    await until(async () => (await tape.count()) === one.counts[2]);
    expect(await tape.facts()).toEqual(one.facts);
  });

  it.each(['event store', 'read store'] as const)('goes on where it was when the %s is back', async (engine) => {
    const one = await madeByOne();
    const tape = await givenTape();
    const a = tape.instance('a');
    await started(a);
    await tape.record(PARTS[0]);
    await until(async () => (await tape.count()) === one.counts[0]);
    a.link.away.add(engine);
    await tape.record(PARTS[1]);
    await until(() => a.system.report().parts.some(({ reason }) => reason === `${engine}: the ${engine} does not answer`));
    // Longer than a lease is held.
    await sleep(2 * LEASE_MS);
    a.link.away.clear();
    await tape.record(PARTS[2]);
    await until(async () => (await tape.count()) === one.counts[2]);
    expect(await tape.facts()).toEqual(one.facts);
    await until(() => tape.isRead());
    await until(() => a.system.report().parts.every(({ state }) => state !== 'waiting'));
  });
});
