/** What the engine decides: times and sizes, and signals and orders counted from the start of the process. */

import type { TapeEvent } from '../../domain/catalogue.ts';
import type { EngineObserver } from '../../domain/engine/engine.ts';
import { counter, histogram, type Metrics, MICROSECONDS } from '../../metrics.ts';
import type { Time } from '../../ports/clock.ts';

/** Decisions on one piece of evidence, up to the most that there may be. */
const CASCADES = [1, 2, 5, 10, 20, 50, 100, 200, 500];

export const CASCADE_FAMILIES = {
  decide: histogram('tapedeck_decide_seconds', 'One piece of evidence with its whole cascade', MICROSECONDS, ['type']),
  risk: histogram('tapedeck_risk_seconds', 'The desk on one signal or request: sizing and every limit', MICROSECONDS, ['cause']),
  size: histogram('tapedeck_cascade_decisions', 'Decisions on one piece of evidence that caused any', CASCADES),
};

export const DECISION_FAMILIES = {
  signals: counter('tapedeck_signals_total', 'Signals that this process decided', ['strategy', 'side']),
  orders: counter('tapedeck_orders_total', 'Outcomes of the orders that this process decided; fill: executions', ['outcome']),
  denied: counter('tapedeck_orders_denied_total', 'Orders denied before any venue saw them', ['strategy', 'reason']),
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

const OUTCOMES: ReadonlyMap<string, string> = new Map([
  ['OrderApproved', 'approved'],
  ['OrderDenied', 'denied'],
  ['OrderAccepted', 'accepted'],
  ['OrderRejected', 'rejected'],
  ['OrderUncertain', 'uncertain'],
  ['OrderFilled', 'fill'],
  ['OrderCanceled', 'canceled'],
  ['OrderExpired', 'expired'],
  ['OrderAnomalyDetected', 'anomaly'],
]);

/** Shows every outcome from the beginning: a rate needs a zero to rise from. */
export function beginCounting(metrics: Metrics): void {
  const { orders } = metrics.of(DECISION_FAMILIES);
  for (const outcome of OUTCOMES.values()) orders.inc({ outcome }, 0);
}

export function countDecisions(metrics: Metrics, decisions: readonly TapeEvent[]): void {
  const { signals, orders, denied } = metrics.of(DECISION_FAMILIES);
  for (const { type, data } of decisions) {
    const outcome = OUTCOMES.get(type);
    if (outcome !== undefined) orders.inc({ outcome });
    if (type === 'SignalGenerated') signals.inc({ strategy: data.strategy, side: data.side });
    if (type === 'OrderDenied') denied.inc({ strategy: data.strategy, reason: data.reason });
  }
}
