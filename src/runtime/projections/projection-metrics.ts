/** How far the read models are, and what they show of halts, looked up at each scrape. */

import type { Metrics } from '../../metrics.ts';
import type { Clock } from '../../ports/clock.ts';
import type { EventStore } from '../../ports/event-store.ts';
import { readAll } from '../../ports/pages.ts';
import type { ReadStore } from '../../ports/read-store.ts';
import { type AccountDocument, accounts } from '../../projections/accounts.ts';
import { servingCollection } from './builds.ts';
import type { ProjectionProgress } from './host.ts';
import { listProjections } from './list.ts';
import { MAX_WAITERS } from './position-waiters.ts';

interface WatchedProjection {
  progress(): Pick<ProjectionProgress, 'projection' | 'lagMs' | 'parkedEvents' | 'parkedKeys' | 'retries'>;
}

/** What is told of each batch of that projection. */
export function batchFigures({ project, projectedEvents }: Metrics, projection: string): (events: number, ms: number) => void {
  return (events, ms) => {
    project.observe({ projection }, ms / 1_000);
    projectedEvents.inc({ projection }, events);
  };
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
