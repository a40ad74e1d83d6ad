/** The figures of the relay: its transactions, its queue and how far it is. */

import { counter, gauge, histogram, type Metrics, SECONDS } from '../../metrics.ts';
import type { Relay } from './relay.ts';
import { MAX_QUEUED_BYTES, MAX_QUEUED_EVENTS } from './relay-queue.ts';

export const RELAY_FAMILIES = {
  lag: gauge('tapedeck_relay_lag_seconds', 'Age of the first event that is not published; 0 when all are'),
  queued: gauge('tapedeck_relay_queued', 'Read from the tape and not published yet, in events and bytes', ['unit']),
  queueLimit: gauge('tapedeck_relay_queue_limit', 'Most that is held; reading waits then', ['unit']),
  transaction: histogram('tapedeck_relay_transaction_seconds', 'A batch of events published, committed', SECONDS),
  events: counter('tapedeck_relayed_events_total', 'Events published'),
  failures: counter('tapedeck_relay_failures_total', 'Times that the relay had to open a new session'),
};

const NOTHING_QUEUED = { failures: 0, queuedEvents: 0, queuedBytes: 0 };

/** Returns what is to be told of each transaction, and of the relay that runs here: null, and others have its figures. */
export function watchRelay(metrics: Metrics): {
  readonly onPublished: (events: number, ms: number) => void;
  readonly onRelay: (relay: Relay | null) => void;
} {
  const figures = metrics.of(RELAY_FAMILIES);
  let current: Relay | null = null;
  let failuresSeen = { of: null as Relay | null, failures: 0 };
  metrics.collect('relay', async () => {
    const running = current;
    figures.lag.reset();
    figures.queueLimit.set({ unit: 'events' }, MAX_QUEUED_EVENTS);
    figures.queueLimit.set({ unit: 'bytes' }, MAX_QUEUED_BYTES);
    const { failures, queuedEvents, queuedBytes } = running?.progress() ?? NOTHING_QUEUED;
    figures.queued.set({ unit: 'events' }, queuedEvents);
    figures.queued.set({ unit: 'bytes' }, queuedBytes);
    if (running === null) return;
    figures.failures.inc(failures - (failuresSeen.of === running ? failuresSeen.failures : 0));
    failuresSeen = { of: running, failures };
    const { lagMs } = await running.lag();
    if (lagMs !== null) figures.lag.set(lagMs / 1_000);
  });
  return {
    onPublished: (events, ms) => {
      figures.transaction.observe({}, ms / 1_000);
      figures.events.inc(events);
    },
    onRelay: (relay) => {
      current = relay;
    },
  };
}
