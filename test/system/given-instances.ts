/** Instances of the whole system on one tape in memory, each with a link to the stores that a test can cut or freeze. */

import { onTestFinished } from 'vitest';
import { openMemoryEventStore } from '../../src/adapters/memory/event-store.ts';
import { openMemoryLeases } from '../../src/adapters/memory/leases.ts';
import { openMemoryReadStore } from '../../src/adapters/memory/read-store.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import type { EvidenceDraft } from '../../src/domain/feed/evidence.ts';
import { makeLogger } from '../../src/logging.ts';
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
import { until } from '../support/until.ts';

export const LEASE_MS = 400;
const ORIGIN = { actor: 'ingest', codeVersion: 'test' };
const BARS = minuteBars(zigzag(90));
/** Bars come in three parts, with something happening in between. */
export const PARTS = [BARS.slice(0, 30), BARS.slice(30, 60), BARS.slice(60)] as const;

export interface GivenInstance {
  readonly link: Link;
  readonly system: System;
  decides(): boolean;
  engineState(): string | undefined;
  /** Ends it; at the latest when the test is over. */
  close(): Promise<void>;
}

/** A tape with settings of one strategy, on stores without a lock of their own. */
export class GivenTape {
  readonly clock = tickingClock();
  readonly events = openMemoryEventStore({ time: this.clock, hasLock: false });
  readonly reads = openMemoryReadStore();
  readonly #leases = openMemoryLeases();
  readonly #recorder = new EvidenceRecorder(this.events, systemTime);

  record(drafts: readonly EvidenceDraft[]): Promise<unknown> {
    return this.#recorder.record(drafts, ORIGIN);
  }

  instance(name: string, codeVersion = 'one', mayRollBack = false): GivenInstance {
    const link = new Link();
    const terms = { owner: name, holder: `host-${name}:1`, lengthMs: LEASE_MS, time: systemTime };
    const system = makeSystem({
      events: link.events(this.events),
      reads: link.reads(this.reads),
      time: this.clock,
      log: makeLogger('silent'),
      codeVersion,
      mayRollBack,
      leases: { ...terms, leases: link.leases(this.#leases) },
    });
    let isClosed = false;
    const close = async (): Promise<void> => {
      link.thaw();
      link.away.clear();
      if (!isClosed) await system.close();
      isClosed = true;
    };
    onTestFinished(close);
    return {
      link,
      system,
      close,
      decides: () => system.report().leases.some(({ name, here }) => name === 'engine' && here),
      engineState: () => system.report().parts.find(({ part }) => part === 'engine')?.state,
    };
  }

  /** By stream, but for which build was activated when, and which build decided. */
  async facts(): Promise<Record<string, unknown[]>> {
    const streams: Record<string, unknown[]> = {};
    for (const { stream, id, type, data, metadata } of await wholeTape(this.events)) {
      if (type === 'EngineActivated') continue;
      streams[stream] ??= [];
      streams[stream].push({ id, type, data, occurredAt: metadata.occurredAt, causationId: metadata.causationId });
    }
    return streams;
  }

  /** How many these facts are. */
  async count(): Promise<number> {
    return Object.values(await this.facts()).flat().length;
  }

  /** The builds that were activated, in their order. */
  async builds(): Promise<string[]> {
    const events = await wholeTape(this.events);
    return events.flatMap((event) => (event.type === 'EngineActivated' ? [event.data.codeVersion] : []));
  }

  /** Is every read model at the end of the tape? */
  async isRead(): Promise<boolean> {
    const head = await this.events.head();
    const names = PROJECTIONS.map(({ name }) => name);
    const builds = await readBuilds(this.reads, names);
    for (const [name, { serving }] of builds) {
      if ((await this.reads.checkpoint(`${name}@${serving.version}.${serving.build}`)) !== head) return false;
    }
    return builds.size === names.length;
  }

  /** Has the engine decided on all bars, and said so? */
  async isAtRest(): Promise<boolean> {
    const [last] = await this.events.read({ categories: ['bars'], isBackward: true, limit: 1 });
    return comparePositions(await this.engineCheckpoint(), last?.position ?? START) >= 0;
  }

  engineCheckpoint(): Promise<string> {
    return this.reads.checkpoint(ENGINE_CHECKPOINT);
  }

  /** Another instance, which has nothing but the engine's lease: takes it when it is free, and keeps it until `end`. */
  async holdEngineLease(): Promise<{ end(): Promise<void> }> {
    const raise = async (owner: string | null): Promise<boolean> => {
      const found = (await this.#leases.read()).get('engine');
      if (found === undefined) throw new Error('nobody has ever had the lease');
      const next = { owner, epoch: found.epoch + 1, holder: 'host-other:1', counter: found.counter + 1 };
      return this.#leases.compareAndSet('engine', found.counter, next);
    };
    await until(() => raise('other'), { what: 'the lease is taken' });
    const timer = setInterval(() => void raise('other'), LEASE_MS / 8);
    onTestFinished(() => clearInterval(timer));
    return {
      end: async () => {
        clearInterval(timer);
        await until(() => raise(null), { what: 'the lease is given back' });
      },
    };
  }
}

export async function givenTape(): Promise<GivenTape> {
  const tape = new GivenTape();
  await applySettings(tape.events, smallSettings(1, 1, 2), { clock: tape.clock, actor: 'test', codeVersion: 'one' });
  return tape;
}

/** What one engine makes of the bars: its tape, and how many events there were after each part. */
export async function madeByOne(): Promise<{ readonly facts: Record<string, unknown[]>; readonly counts: readonly number[] }> {
  const tape = await givenTape();
  const { events, reads, clock: time } = tape;
  const engine = makeEngineRunner({ events, reads, time, log: makeLogger('silent'), codeVersion: 'one', mayRollBack: false });
  const counts: number[] = [];
  for (const part of PARTS) {
    await tape.record(part);
    await engine.catchUp();
    counts.push(await tape.count());
  }
  return { facts: await tape.facts(), counts };
}

/** Starts them one after the other. */
export async function started(...instances: readonly GivenInstance[]): Promise<void> {
  for (const { system } of instances) await system.start();
}
