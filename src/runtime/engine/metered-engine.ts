/** The times and sizes of what the engine decides. */

import type { EngineObserver } from '../../domain/engine/engine.ts';
import { histogram, type Metrics, MICROSECONDS } from '../../metrics.ts';
import type { Time } from '../../ports/clock.ts';

/** Decisions on one piece of evidence, up to the most that there may be. */
const CASCADES = [1, 2, 5, 10, 20, 50, 100, 200, 500];

export const CASCADE_FAMILIES = {
  decide: histogram('tapedeck_decide_seconds', 'One piece of evidence with its whole cascade', MICROSECONDS, ['type']),
  risk: histogram('tapedeck_risk_seconds', 'The desk on one signal or request: sizing and every limit', MICROSECONDS, ['cause']),
  size: histogram('tapedeck_cascade_decisions', 'Decisions on one piece of evidence that caused any', CASCADES),
};

/** The reactors check an order on these. */
const ORDER_CAUSES: ReadonlySet<string> = new Set(['SignalGenerated', 'OrderRequested']);

export function meterEngine(metrics: Metrics, time: Time): EngineObserver {
  const { decide, size, risk } = metrics.of(CASCADE_FAMILIES);
  return {
    cascade: (evidence, work) => {
      const began = time.monotonic();
      const cascade = work();
      decide.observe({ type: evidence.type }, (time.monotonic() - began) / 1_000);
      if (cascade.length > 0) size.observe({}, cascade.length);
      return cascade;
    },
    reaction: (cause, work) => {
      if (!ORDER_CAUSES.has(cause.type)) return work();
      const began = time.monotonic();
      work();
      risk.observe({ cause: cause.type }, (time.monotonic() - began) / 1_000);
    },
  };
}
