/** The figures of the read models: their batches, how far they are, and the halts that they show. */

import { counter, gauge, histogram, type Metrics, SECONDS } from '../../metrics.ts';
import type { Clock } from '../../ports/clock.ts';
import type { EventStore } from '../../ports/event-store.ts';
import { readAll } from '../../ports/pages.ts';
import type { ReadStore } from '../../ports/read-store.ts';
import { type AccountDocument, accounts } from '../../projections/accounts.ts';
import { servingCollection } from './builds.ts';
import type { ProjectionProgress } from './host.ts';
import { listProjections } from './list.ts';
import { MAX_WAITERS } from './position-waiters.ts';

export const PROJECTION_FAMILIES = {
  batch: histogram('tapedeck_project_seconds', 'A batch of events into a read model, committed', SECONDS, ['projection']),
  events: counter('tapedeck_projected_events_total', 'Events taken into a read model', ['projection']),
  lag: gauge('tapedeck_projection_lag_seconds', 'Age of the last event taken in; 0 when caught up', ['projection']),
  parkedEvents: gauge('tapedeck_parked_events', 'Events that could not be applied, and those behind them', ['projection']),
  parkedDocuments: gauge('tapedeck_parked_documents', 'Documents that stand still because of them', ['projection']),
  retries: counter('tapedeck_read_store_retries_total', 'Calls of the read store that were tried again', ['projection']),
};

export const HALT_FAMILIES = {
  inForce: gauge('tapedeck_halts_in_force', 'Halts in force', ['account', 'mode']),
};

interface WatchedProjection {
  progress(): Pick<ProjectionProgress, 'projection' | 'lagMs' | 'parkedEvents' | 'parkedKeys' | 'retries'>;
}

/** Counts each batch of that projection. */
export function batchFigures(metrics: Metrics, projection: string): (events: number, ms: number) => void {
  const { batch, events: projected } = metrics.of(PROJECTION_FAMILIES);
  return (events, ms) => {
    batch.observe({ projection }, ms / 1_000);
    projected.inc({ projection }, events);
  };
}

/** By name; one may be begun again, and is another then. */
export function watchProjections(metrics: Metrics, projections: ReadonlyMap<string, WatchedProjection>): void {
  const retriesSeen = new Map<string, number>();
  const figures = metrics.of(PROJECTION_FAMILIES);
  metrics.collect('projections', () => {
    for (const runner of projections.values()) {
      const { projection, lagMs, parkedEvents, parkedKeys, retries } = runner.progress();
      // Before the first event nothing is known of its lag, and nothing is said.
      if (lagMs !== null) figures.lag.set({ projection }, lagMs / 1_000);
      figures.parkedEvents.set({ projection }, parkedEvents);
      figures.parkedDocuments.set({ projection }, parkedKeys);
      // Another build's runner counts from zero.
      figures.retries.inc({ projection }, Math.max(0, retries - (retriesSeen.get(projection) ?? 0)));
      retriesSeen.set(projection, retries);
    }
  });
}

/** As `watchProjections`, of what other processes make: as far as the stores show it. */
export function watchProjectionsElsewhere(metrics: Metrics, events: EventStore, reads: ReadStore, clock: Clock): void {
  const figures = metrics.of(PROJECTION_FAMILIES);
  metrics.collect('projections', async () => {
    for (const { projection, lagMs, parkedEvents, parkedKeys } of await listProjections(events, reads, clock)) {
      if (lagMs !== null) figures.lag.set({ projection }, lagMs / 1_000);
      figures.parkedEvents.set({ projection }, parkedEvents);
      figures.parkedDocuments.set({ projection }, parkedKeys);
    }
  });
}

/** Callers of the API that wait for a position: as many as at the read model at which most do. */
export function watchPositionWaits(metrics: Metrics, projections: Iterable<{ readonly waiting: number }>): void {
  const watched = [...projections];
  const depth = (): number => Math.max(0, ...watched.map(({ waiting }) => waiting));
  metrics.watchQueue({ name: 'position-waits', limit: MAX_WAITERS, depth });
}

export function watchHalts(metrics: Metrics, reads: ReadStore): void {
  const { inForce } = metrics.of(HALT_FAMILIES);
  metrics.collect('halts', async () => {
    const counts = new Map<string, { account: string; mode: string; count: number }>();
    for await (const { id, halts } of readAll<AccountDocument>(reads, await servingCollection(reads, accounts), 'id')) {
      for (const { mode } of halts) {
        const key = `${id}|${mode}`;
        const counted = counts.get(key) ?? { account: id, mode, count: 0 };
        counts.set(key, { ...counted, count: counted.count + 1 });
      }
    }
    inForce.reset();
    for (const { account, mode, count } of counts.values()) inForce.set({ account, mode }, count);
  });
}
