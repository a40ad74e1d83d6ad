/** Every family of figures, under what it is about: a line for each place that sets some. */

import { HTTP_FAMILIES } from './api/http/request-metrics.ts';
import { LOG_FAMILIES } from './logging.ts';
import { type Families, Metrics, SCRAPE_FAMILIES } from './metrics.ts';
import { ENGINE_FAMILIES } from './runtime/engine/engine-metrics.ts';
import { CASCADE_FAMILIES, DECISION_FAMILIES } from './runtime/engine/metered-engine.ts';
import { FEED_FAMILIES } from './runtime/ingest/feed-watch.ts';
import { INSTANCE_FAMILIES } from './runtime/process/instance-metrics.ts';
import { TAPE_FAMILIES } from './runtime/process/metered-event-store.ts';
import { PROCESS_FAMILIES } from './runtime/process/process-metrics.ts';
import { HALT_FAMILIES, PROJECTION_FAMILIES } from './runtime/projections/projection-metrics.ts';
import { RELAY_FAMILIES } from './runtime/relay/relay-metrics.ts';

export const METRIC_FAMILIES: ReadonlyMap<string, Families> = new Map<string, Families>([
  ['Feeds', FEED_FAMILIES],
  ['The tape', TAPE_FAMILIES],
  ['The engine', ENGINE_FAMILIES],
  ['Deciding', CASCADE_FAMILIES],
  ['Signals and orders', DECISION_FAMILIES],
  ['Halts', HALT_FAMILIES],
  ['Read models', PROJECTION_FAMILIES],
  ['The relay', RELAY_FAMILIES],
  ['The API', HTTP_FAMILIES],
  ['Instances', INSTANCE_FAMILIES],
  ['The process', PROCESS_FAMILIES],
  ['The log', LOG_FAMILIES],
  ['Queues and scrapes', SCRAPE_FAMILIES],
]);

/** The figures of one thread, all at their start. */
export function makeMetrics(): Metrics {
  return new Metrics(METRIC_FAMILIES.values());
}
