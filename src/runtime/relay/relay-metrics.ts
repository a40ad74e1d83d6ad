/** What the relay publishes, what it holds and how far it is. */

import type { Metrics } from '../../metrics.ts';
import type { Relay } from './relay.ts';
import { MAX_QUEUED_BYTES, MAX_QUEUED_EVENTS } from './relay-queue.ts';

const NOTHING_QUEUED = { failures: 0, queuedEvents: 0, queuedBytes: 0 };

/** Returns what is to be told of each transaction, and of the relay that runs here: null, and others have its figures. */
export function watchRelay(metrics: Metrics): {
  readonly onPublished: (events: number, ms: number) => void;
  readonly onRelay: (relay: Relay | null) => void;
} {
  let current: Relay | null = null;
  let failuresSeen = { of: null as Relay | null, failures: 0 };
  metrics.collect('relay', async () => {
    const running = current;
    metrics.relayLag.reset();
    metrics.relayQueueLimit.set({ unit: 'events' }, MAX_QUEUED_EVENTS);
    metrics.relayQueueLimit.set({ unit: 'bytes' }, MAX_QUEUED_BYTES);
    const { failures, queuedEvents, queuedBytes } = running?.progress() ?? NOTHING_QUEUED;
    metrics.relayQueued.set({ unit: 'events' }, queuedEvents);
    metrics.relayQueued.set({ unit: 'bytes' }, queuedBytes);
    if (running === null) return;
    metrics.relayFailures.inc(failures - (failuresSeen.of === running ? failuresSeen.failures : 0));
    failuresSeen = { of: running, failures };
    const { lagMs } = await running.lag();
    if (lagMs !== null) metrics.relayLag.set(lagMs / 1_000);
  });
  return {
    onPublished: (events, ms) => {
      metrics.relayTransaction.observe(ms / 1_000);
      metrics.relayedEvents.inc(events);
    },
    onRelay: (relay) => {
      current = relay;
    },
  };
}
