/** Counts what the engine decides about signals and orders, from the start of the process. */

import type { TapeEvent } from '../../domain/catalogue.ts';
import type { Metrics } from '../../metrics.ts';

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
  for (const outcome of OUTCOMES.values()) metrics.orders.inc({ outcome }, 0);
}

export function countDecisions(metrics: Metrics, decisions: readonly TapeEvent[]): void {
  for (const { type, data } of decisions) {
    const outcome = OUTCOMES.get(type);
    if (outcome !== undefined) metrics.orders.inc({ outcome });
    if (type === 'SignalGenerated') metrics.signals.inc({ strategy: data.strategy, side: data.side });
    if (type === 'OrderDenied') metrics.ordersDenied.inc({ strategy: data.strategy, reason: data.reason });
  }
}
