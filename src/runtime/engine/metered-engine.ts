/** The times and sizes of what the engine decides. */

import type { EngineObserver } from '../../domain/engine/engine.ts';
import type { Metrics } from '../../metrics.ts';
import type { Time } from '../../ports/clock.ts';

/** The reactors check an order upon these. */
const ORDER_CAUSES: ReadonlySet<string> = new Set(['SignalGenerated', 'OrderRequested']);

export function meterEngine({ decide, cascade: size, risk }: Metrics, time: Time): EngineObserver {
  return {
    cascade: (evidence, work) => {
      const began = time.monotonic();
      const cascade = work();
      decide.observe({ type: evidence.type }, (time.monotonic() - began) / 1_000);
      if (cascade.length > 0) size.observe(cascade.length);
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
