/** Counts what the engine decides about signals and orders, from the start of the process. */

import type { TapeEvent } from '../../domain/catalogue.ts';
import { counter, type Metrics } from '../../metrics.ts';

export const DECISION_FAMILIES = {
  signals: counter('tapedeck_signals_total', 'Signals that this process decided', ['strategy', 'side']),
  orders: counter('tapedeck_orders_total', 'Outcomes of the orders that this process decided; fill: executions', ['outcome']),
  denied: counter('tapedeck_orders_denied_total', 'Orders denied before any venue saw them', ['strategy', 'reason']),
};

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
