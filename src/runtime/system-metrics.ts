/** What is looked up at each scrape: how far the engine and the read models are, and which halts are in force. */

import { EVIDENCE_CATEGORIES } from '../domain/streams.ts';
import { epochMs } from '../domain/time.ts';
import type { Metrics } from '../metrics.ts';
import type { Clock, EventStore, ReadStore } from '../ports.ts';
import { type AccountDocument, accounts } from '../projections/accounts.ts';
import { isDecision } from '../tape/envelope.ts';
import type { ProjectionProgress } from './hosted-projection.ts';
import { MAX_WAITERS } from './position-waiters.ts';
import { listProjections } from './projection-list.ts';
import { readAll } from './read-all.ts';
import type { Relay } from './relay.ts';
import { MAX_HELD_BYTES, MAX_HELD_EVENTS } from './relay-queue.ts';
import { servingCollection } from './serving.ts';
import type { SystemReport } from './system-report.ts';

/** Events read to find evidence among what the engine wrote itself. */
const LOOK_AHEAD = 100;

interface WatchedEngine {
  readonly position: string | undefined;
  readonly busySince: number | null;
}

export function watchEngine(metrics: Metrics, engine: WatchedEngine, events: EventStore, clock: Clock): void {
  metrics.collect('engine', async () => {
    metrics.engineBusy.set(engine.busySince === null ? 0 : secondsSince(engine.busySince, clock));
    const ahead = await events.read({ after: engine.position, categories: EVIDENCE_CATEGORIES, limit: LOOK_AHEAD });
    const oldest = ahead.find((event) => !isDecision(event));
    metrics.engineLag.set(oldest === undefined ? 0 : secondsSince(epochMs(oldest.recordedAt), clock));
  });
}

interface WatchedProjection {
  progress(): Pick<ProjectionProgress, 'projection' | 'lagMs' | 'parkedEvents' | 'parkedKeys' | 'retries'>;
}

/** By name; one may be begun again, and is another then. */
export function watchProjections(metrics: Metrics, projections: ReadonlyMap<string, WatchedProjection>): void {
  const retriesSeen = new Map<string, number>();
  metrics.collect('projections', () => {
    for (const runner of projections.values()) {
      const { projection, lagMs, parkedEvents, parkedKeys, retries } = runner.progress();
      // Before the first event nothing is known of its lag, and nothing is said.
      if (lagMs !== null) metrics.projectionLag.set({ projection }, lagMs / 1_000);
      metrics.parkedEvents.set({ projection }, parkedEvents);
      metrics.parkedDocuments.set({ projection }, parkedKeys);
      // Another build's runner counts from zero.
      metrics.readStoreRetries.inc({ projection }, Math.max(0, retries - (retriesSeen.get(projection) ?? 0)));
      retriesSeen.set(projection, retries);
    }
  });
}

/** As `watchProjections`, of what other processes make: as far as the stores show it. */
export function watchProjectionsElsewhere(metrics: Metrics, events: EventStore, reads: ReadStore, clock: Clock): void {
  metrics.collect('projections', async () => {
    for (const { projection, lagMs, parkedEvents, parkedKeys } of await listProjections(events, reads, clock)) {
      if (lagMs !== null) metrics.projectionLag.set({ projection }, lagMs / 1_000);
      metrics.parkedEvents.set({ projection }, parkedEvents);
      metrics.parkedDocuments.set({ projection }, parkedKeys);
    }
  });
}

/** Callers of the API that wait for a position: as many as at the read model at which most do. */
export function watchPositionWaits(metrics: Metrics, projections: Iterable<{ readonly waiting: number }>): void {
  const watched = [...projections];
  const depth = (): number => Math.max(0, ...watched.map(({ waiting }) => waiting));
  metrics.watchQueue({ name: 'position-waits', limit: MAX_WAITERS, depth });
}

/** Which leases are held here, and which parts wait for an engine that is away. */
export function watchInstance(metrics: Metrics, report: () => SystemReport): void {
  metrics.collect('instance', () => {
    const { leases, parts } = report();
    for (const { name, here } of leases) metrics.leaseHeld.set({ lease: name }, here ? 1 : 0);
    for (const { part, state } of parts) metrics.partWaiting.set({ part }, state === 'waiting' ? 1 : 0);
  });
}

const NOTHING_HELD = { failures: 0, heldEvents: 0, heldBytes: 0 };

/** `relay` is the one that runs here now; null while none does, and then others have its figures. */
export function watchRelay(metrics: Metrics, relay: () => Relay | null): void {
  let failuresSeen = { of: null as Relay | null, failures: 0 };
  metrics.collect('relay', async () => {
    const running = relay();
    metrics.relayLag.reset();
    metrics.relayHeldLimit.set({ unit: 'events' }, MAX_HELD_EVENTS);
    metrics.relayHeldLimit.set({ unit: 'bytes' }, MAX_HELD_BYTES);
    const { failures, heldEvents, heldBytes } = running?.progress() ?? NOTHING_HELD;
    metrics.relayHeld.set({ unit: 'events' }, heldEvents);
    metrics.relayHeld.set({ unit: 'bytes' }, heldBytes);
    if (running === null) return;
    metrics.relayFailures.inc(failures - (failuresSeen.of === running ? failuresSeen.failures : 0));
    failuresSeen = { of: running, failures };
    const { lagMs } = await running.lag();
    if (lagMs !== null) metrics.relayLag.set(lagMs / 1_000);
  });
}

export function watchHalts(metrics: Metrics, reads: ReadStore): void {
  metrics.collect('halts', async () => {
    const counts = new Map<string, { account: string; mode: string; count: number }>();
    for await (const { id, halts } of readAll<AccountDocument>(reads, await servingCollection(reads, accounts), 'id')) {
      for (const { mode } of halts) {
        const key = `${id}|${mode}`;
        const counted = counts.get(key) ?? { account: id, mode, count: 0 };
        counts.set(key, { ...counted, count: counted.count + 1 });
      }
    }
    metrics.halts.reset();
    for (const { account, mode, count } of counts.values()) metrics.halts.set({ account, mode }, count);
  });
}

function secondsSince(ms: number, clock: Clock): number {
  return Math.max(0, clock.now() - ms) / 1_000;
}
