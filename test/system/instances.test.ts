/** Several instances on stores that have no lock of their own: what they leave is what one leaves. */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openMemoryEventStore } from '../../src/adapters/memory/event-store.ts';
import { openMemoryLeases } from '../../src/adapters/memory/leases.ts';
import { openMemoryReadStore } from '../../src/adapters/memory/read-store.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { barClosed, type EvidenceDraft } from '../../src/domain/feed/evidence.ts';
import type { Bar } from '../../src/domain/market/events.ts';
import { EVIDENCE_CATEGORIES } from '../../src/domain/streams.ts';
import { makeLogger } from '../../src/logging.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import type { Leases } from '../../src/ports/leases.ts';
import type { ReadStore } from '../../src/ports/read-store.ts';
import { PROJECTIONS } from '../../src/projections/projections.ts';
import { applySettings } from '../../src/requests/settings-apply.ts';
import { ENGINE_CHECKPOINT } from '../../src/runtime/engine/engine-checkpoint.ts';
import { EvidenceRecorder } from '../../src/runtime/ingest/evidence-recorder.ts';
import { readBuilds } from '../../src/runtime/projections/builds.ts';
import { makeEngineRunner, makeSystem } from '../../src/system.ts';
import type { System } from '../../src/system-dependencies.ts';
import { comparePositions, START } from '../../src/tape/envelope.ts';
import { Link } from '../support/linked-stores.ts';
import { minuteBars, smallSettings, tickingClock, wholeTape, zigzag } from '../support/small-market.ts';

const LEASE_MS = 400;
const PATIENCE_MS = 15_000;
const ORIGIN = { actor: 'ingest', codeVersion: 'test' };
const BARS = minuteBars(zigzag(90));
/** Bars come in three parts, with something happening in between. */
const PARTS = [BARS.slice(0, 30), BARS.slice(30, 60), BARS.slice(60)];

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + PATIENCE_MS; !(await holds()); await sleep(10)) {
    if (performance.now() > deadline) throw new Error(`it has not come to be: ${what}`);
  }
}

/** By stream, but for which build was activated when, and which build decided. */
async function factsOn(events: EventStore): Promise<Record<string, unknown[]>> {
  const streams: Record<string, unknown[]> = {};
  for (const { stream, id, type, data, metadata } of await wholeTape(events)) {
    if (type === 'EngineActivated') continue;
    streams[stream] ??= [];
    streams[stream].push({ id, type, data, occurredAt: metadata.occurredAt, causationId: metadata.causationId });
  }
  return streams;
}

async function countOn(events: EventStore): Promise<number> {
  return Object.values(await factsOn(events)).flat().length;
}

async function givenTape() {
  const clock = tickingClock();
  const events = openMemoryEventStore({ time: clock, hasLock: false });
  await applySettings(events, smallSettings(1, 1, 2), { clock, actor: 'test', codeVersion: 'one' });
  return {
    clock,
    events,
    reads: openMemoryReadStore(),
    leases: openMemoryLeases(),
    recorder: new EvidenceRecorder(events, systemTime),
  };
}

/** What one engine makes of the bars: its tape, and how many events there were after each part. */
async function madeByOne() {
  const { events, reads, clock, recorder } = await givenTape();
  const engine = makeEngineRunner({ events, reads, time: clock, log: makeLogger('silent'), codeVersion: 'one', rollBack: false });
  const counts: number[] = [];
  for (const part of PARTS) {
    await recorder.record(part, ORIGIN);
    await engine.catchUp();
    counts.push(await countOn(events));
  }
  return { facts: await factsOn(events), counts };
}

interface Instance {
  readonly link: Link;
  readonly system: System;
  readonly decides: () => boolean;
  readonly close: () => Promise<void>;
}

function instanceOn(tape: Awaited<ReturnType<typeof givenTape>>, name: string, codeVersion = 'one', rollBack = false): Instance {
  const link = new Link();
  const terms = { owner: name, holder: `host-${name}:1`, lengthMs: LEASE_MS, time: systemTime };
  const system = makeSystem({
    events: link.events(tape.events),
    reads: link.reads(tape.reads),
    time: tape.clock,
    log: makeLogger('silent'),
    codeVersion,
    rollBack,
    leases: { ...terms, leases: link.leases(tape.leases) },
  });
  let isClosed = false;
  const close = async (): Promise<void> => {
    link.thaw();
    link.away.clear();
    if (!isClosed) await system.close();
    isClosed = true;
  };
  onTestFinished(close);
  return { link, system, close, decides: () => system.report().leases.some(({ name, here }) => name === 'engine' && here) };
}

async function started(...instances: readonly Instance[]): Promise<void> {
  for (const { system } of instances) await system.start();
}

/** Every read model is at the end of the tape. */
async function areRead(events: EventStore, reads: ReadStore): Promise<boolean> {
  const head = await events.head();
  const builds = await readBuilds(
    reads,
    PROJECTIONS.map(({ name }) => name),
  );
  for (const [name, { serving }] of builds) {
    if ((await reads.checkpoint(`${name}@${serving.version}.${serving.build}`)) !== head) return false;
  }
  return builds.size === PROJECTIONS.length;
}

const unlisted = ({ data }: EvidenceDraft): EvidenceDraft => barClosed({ ...(data as Bar), symbol: 'CCCBBB' });

const buildsOn = async (events: EventStore): Promise<string[]> =>
  (await wholeTape(events)).flatMap((event) => (event.type === 'EngineActivated' ? [event.data.codeVersion] : []));

/** Another instance, which has nothing but the engine's lease: takes it when it is free, and keeps it until `end`. */
async function holdEngineLease(leases: Leases): Promise<{ end(): Promise<void> }> {
  const raise = async (owner: string | null): Promise<boolean> => {
    const found = (await leases.read()).get('engine');
    if (found === undefined) throw new Error('nobody has ever had the lease');
    const next = { owner, epoch: found.epoch + 1, holder: 'host-other:1', counter: found.counter + 1 };
    return leases.compareAndSet('engine', found.counter, next);
  };
  await until('the lease is taken', () => raise('other'));
  const timer = setInterval(() => void raise('other'), LEASE_MS / 8);
  onTestFinished(() => clearInterval(timer));
  return {
    end: async () => {
      clearInterval(timer);
      await until('the lease is given back', () => raise(null));
    },
  };
}

/** Has the engine decided upon all bars, and said so? */
async function isAtRest({ events, reads }: Awaited<ReturnType<typeof givenTape>>): Promise<boolean> {
  const [last] = await events.read({ categories: ['bars'], backward: true, limit: 1 });
  return comparePositions(await reads.checkpoint(ENGINE_CHECKPOINT), last?.position ?? START) >= 0;
}

const engineState = ({ system }: Instance) => system.report().parts.find(({ part }) => part === 'engine')?.state;

describe('several instances on one tape', () => {
  it('leave the tape of one when the one that decides is stopped, and it does nothing more when it wakes', async () => {
    const one = await madeByOne();
    const tape = await givenTape();
    const [a, b] = [instanceOn(tape, 'a'), instanceOn(tape, 'b')];
    await started(a, b);
    await tape.recorder.record(PARTS[0] ?? [], ORIGIN);
    await until('one decides', () => a.decides() || b.decides());
    const [holder, standby] = a.decides() ? [a, b] : [b, a];
    await until('the first part is decided', async () => (await countOn(tape.events)) === one.counts[0]);
    expect(standby.link.appends).toBe(0);
    holder.link.freeze();
    await tape.recorder.record(PARTS[1] ?? [], ORIGIN);
    await until('the other decides', () => standby.decides());
    await until('the second part is decided', async () => (await countOn(tape.events)) === one.counts[1]);
    const before = holder.link.appends;
    holder.link.thaw();
    await tape.recorder.record(PARTS[2] ?? [], ORIGIN);
    await until('all is decided', async () => (await countOn(tape.events)) === one.counts[2]);
    expect(await factsOn(tape.events)).toEqual(one.facts);
    expect(holder.link.appends).toBe(before);
    expect(holder.decides()).toBe(false);
    await until('the read models are made', () => areRead(tape.events, tape.reads));
    expect(standby.system.report().leases.every(({ holder: who }) => who === null || /^host-[ab]:1$/.test(who))).toBe(true);
  });

  it('hand over at once when the one that decides is ended, and share the read models', async () => {
    const one = await madeByOne();
    const tape = await givenTape();
    const [a, b] = [instanceOn(tape, 'a'), instanceOn(tape, 'b')];
    await started(a, b);
    await until('one decides', () => a.decides() || b.decides());
    const [first, second] = a.decides() ? [a, b] : [b, a];
    await tape.recorder.record(PARTS[0] ?? [], ORIGIN);
    await first.close();
    await tape.recorder.record(PARTS[1] ?? [], ORIGIN);
    await until('the other decides', () => second.decides());
    await tape.recorder.record(PARTS[2] ?? [], ORIGIN);
    await until('all is decided', async () => (await countOn(tape.events)) === one.counts[2]);
    expect(await factsOn(tape.events)).toEqual(one.facts);
    await until('the read models are made', () => areRead(tape.events, tape.reads));
    const { leases } = second.system.report();
    expect(leases).toHaveLength(1 + PROJECTIONS.length);
    expect(leases.every(({ here }) => here)).toBe(true);
  });

  it('hand over when the one that decides does not reach the tape any more, though nothing comes to be decided', async () => {
    const one = await madeByOne();
    const tape = await givenTape();
    const [a, b] = [instanceOn(tape, 'a'), instanceOn(tape, 'b')];
    await started(a, b);
    await until('one decides', () => a.decides() || b.decides());
    const [holder, standby] = a.decides() ? [a, b] : [b, a];
    holder.link.away.add('event store');
    await until('the other does all', () => standby.system.report().leases.every(({ here }) => here));
    for (const part of PARTS) await tape.recorder.record(part, ORIGIN);
    await until('all is decided', async () => (await countOn(tape.events)) === one.counts[2]);
    expect(await factsOn(tape.events)).toEqual(one.facts);
    await until('the read models are made', () => areRead(tape.events, tape.reads));
    holder.link.away.clear();
    await until('it stands by', () => holder.system.report().parts.every(({ state }) => state !== 'waiting'));
    expect(holder.decides()).toBe(false);
  });

  it('lose and double nothing in a rolling upgrade and a rollback', async () => {
    const one = await madeByOne();
    const tape = await givenTape();
    const [a, b] = [instanceOn(tape, 'a'), instanceOn(tape, 'b')];
    await started(a, b);
    await tape.recorder.record(PARTS[0] ?? [], ORIGIN);
    await until('the first part is decided', async () => (await countOn(tape.events)) === one.counts[0]);
    const upgraded = instanceOn(tape, 'c', 'two');
    await started(upgraded);
    // One after the other gives way; whichever has the lease in between.
    await a.close();
    await b.close();
    await until('the new build decides', () => upgraded.decides());
    await tape.recorder.record(PARTS[1] ?? [], ORIGIN);
    await until('the second part is decided', async () => (await countOn(tape.events)) === one.counts[1]);
    expect(await buildsOn(tape.events)).toEqual(['one', 'two']);

    const replaced = instanceOn(tape, 'd');
    await started(replaced);
    await upgraded.close();
    // The older build does not come back by itself.
    await sleep(3 * LEASE_MS);
    expect(replaced.decides()).toBe(false);
    expect(replaced.system.report().parts.find(({ part }) => part === 'engine')?.state).toBe('standby');
    const putBack = instanceOn(tape, 'e', 'one', true);
    await started(putBack);
    await tape.recorder.record(PARTS[2] ?? [], ORIGIN);
    await until('all is decided', async () => (await countOn(tape.events)) === one.counts[2]);
    expect(await factsOn(tape.events)).toEqual(one.facts);
    expect(await buildsOn(tape.events)).toEqual(['one', 'two', 'one']);
    // Now the one that stood by may decide again.
    await putBack.close();
    await until('the older build decides', () => replaced.decides());
    expect(await buildsOn(tape.events)).toEqual(['one', 'two', 'one']);
  });
});

describe('an instance that loses the lease of the engine', () => {
  it('does not raise the checkpoint when it wakes, past evidence that nobody else has decided', async () => {
    const tape = await givenTape();
    const a = instanceOn(tape, 'a');
    await started(a);
    await tape.recorder.record(PARTS[0] ?? [], ORIGIN);
    await until('it is at rest', () => isAtRest(tape));
    const before = await tape.reads.checkpoint(ENGINE_CHECKPOINT);
    a.link.freeze();
    // Upon what is of no instrument nothing is decided, and so nothing is appended that could be refused.
    await tape.recorder.record([unlisted(BARS[0] as EvidenceDraft)], ORIGIN);
    await sleep(LEASE_MS);
    await holdEngineLease(tape.leases);
    a.link.thaw();
    await until('it stands by', () => engineState(a) === 'standby');
    expect(await tape.reads.checkpoint(ENGINE_CHECKPOINT)).toBe(before);
  });

  it('keeps its state, and goes on from there when it has the lease again', async () => {
    const one = await madeByOne();
    const tape = await givenTape();
    const a = instanceOn(tape, 'a');
    await started(a);
    await tape.recorder.record(PARTS[0] ?? [], ORIGIN);
    await until('the first part is decided', async () => (await countOn(tape.events)) === one.counts[0]);
    await until('it is at rest', () => isAtRest(tape));
    const reads = vi.spyOn(tape.events, 'read');
    const other = await holdEngineLease(tape.leases);
    await until('it stands by', () => engineState(a) === 'standby');
    await tape.recorder.record(PARTS[1] ?? [], ORIGIN);
    await sleep(LEASE_MS);
    expect(await countOn(tape.events)).toBe((one.counts[0] ?? 0) + (PARTS[1]?.length ?? 0));
    await other.end();
    await until('it decides again', () => a.decides());
    await tape.recorder.record(PARTS[2] ?? [], ORIGIN);
    await until('all is decided', async () => (await countOn(tape.events)) === one.counts[2]);
    expect(await factsOn(tape.events)).toEqual(one.facts);
    expect(reads).toHaveBeenCalledWith(expect.objectContaining({ categories: EVIDENCE_CATEGORIES }));
    expect(reads).not.toHaveBeenCalledWith(expect.objectContaining({ categories: EVIDENCE_CATEGORIES, after: START }));
  });
});

describe('an instance whose engines are away', () => {
  it('says which, and starts when they are there', async () => {
    const one = await madeByOne();
    const tape = await givenTape();
    const a = instanceOn(tape, 'a');
    a.link.away.add('event store');
    for (const part of PARTS) await tape.recorder.record(part, ORIGIN);
    const starting = a.system.start();
    const waits = { part: 'settings', state: 'waiting', reason: 'event store: the event store does not answer' };
    await until('it waits', () => a.system.report().parts.some(({ state }) => state === 'waiting'));
    expect(a.system.report().parts).toEqual([waits]);
    a.link.away.clear();
    await starting;
    await until('all is decided', async () => (await countOn(tape.events)) === one.counts[2]);
    expect(await factsOn(tape.events)).toEqual(one.facts);
  });

  it.each(['event store', 'read store'] as const)('goes on where it was when the %s is back', async (engine) => {
    const one = await madeByOne();
    const tape = await givenTape();
    const a = instanceOn(tape, 'a');
    await started(a);
    await tape.recorder.record(PARTS[0] ?? [], ORIGIN);
    await until('the first part is decided', async () => (await countOn(tape.events)) === one.counts[0]);
    a.link.away.add(engine);
    await tape.recorder.record(PARTS[1] ?? [], ORIGIN);
    await until('it waits', () =>
      a.system.report().parts.some(({ reason }) => reason === `${engine}: the ${engine} does not answer`),
    );
    // Longer than a lease is held.
    await sleep(2 * LEASE_MS);
    a.link.away.clear();
    await tape.recorder.record(PARTS[2] ?? [], ORIGIN);
    await until('all is decided', async () => (await countOn(tape.events)) === one.counts[2]);
    expect(await factsOn(tape.events)).toEqual(one.facts);
    await until('the read models are made', () => areRead(tape.events, tape.reads));
    await until('nothing waits', () => a.system.report().parts.every(({ state }) => state !== 'waiting'));
  });
});
