/** How far the engine is, looked up at each scrape. */

import { EVIDENCE_CATEGORIES } from '../../domain/streams.ts';
import { epochMs } from '../../domain/time.ts';
import { gauge, type Metrics } from '../../metrics.ts';
import type { Clock } from '../../ports/clock.ts';
import type { EventStore } from '../../ports/event-store.ts';
import { isDecision } from '../../tape/envelope.ts';

export const ENGINE_FAMILIES = {
  lag: gauge('tapedeck_engine_lag_seconds', 'Age of the oldest undecided evidence; 0 when there is none'),
  busy: gauge('tapedeck_engine_busy_seconds', 'How long the engine has been in the commit in hand; 0 between'),
};

/** Events read to find evidence among what the engine wrote itself. */
const LOOK_AHEAD = 100;

interface WatchedEngine {
  readonly reached: { readonly position: string } | undefined;
  readonly busySince: number | null;
}

export function watchEngine(metrics: Metrics, engine: WatchedEngine, events: EventStore, clock: Clock): void {
  const { lag, busy } = metrics.of(ENGINE_FAMILIES);
  metrics.collect('engine', async () => {
    busy.set(engine.busySince === null ? 0 : secondsSince(engine.busySince, clock));
    const ahead = await events.read({ after: engine.reached?.position, categories: EVIDENCE_CATEGORIES, limit: LOOK_AHEAD });
    const oldest = ahead.find((event) => !isDecision(event));
    lag.set(oldest === undefined ? 0 : secondsSince(epochMs(oldest.recordedAt), clock));
  });
}

function secondsSince(ms: number, clock: Clock): number {
  return Math.max(0, clock.now() - ms) / 1_000;
}
