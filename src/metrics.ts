/**
 * The figures that Prometheus scrapes. Times are in seconds, sizes in bytes. Labels are bounded: names from the settings
 * (venue, symbol, strategy, account), from the code (projection, route, type, reason), and never an id.
 *
 * Every thread has its own; what is counted where it happens is a family below, and what can be looked up is asked for
 * at each scrape (`collect`), so that it costs nothing in between.
 */

import {
  AggregatorRegistry,
  Counter,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client';

/** What takes a durable write, a request or a batch. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
/** What takes microseconds when all is well. */
const MICROSECONDS = [0.000001, 0.0000025, 0.000005, 0.00001, 0.000025, 0.00005, 0.0001, 0.00025, ...SECONDS];
/** Decisions upon one piece of evidence, up to the most that there may be. */
const CASCADES = [1, 2, 5, 10, 20, 50, 100, 200, 500];

/** The content type of `metricsText`. */
export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** The figures of one thread at one moment: plain data, so that a thread can hand it to another. */
export type MetricsSnapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

/** A queue with a stated limit: how many wait in it now. */
export interface WatchedQueue {
  readonly name: string;
  readonly limit: number;
  readonly depth: () => number;
}

export type Metrics = ReturnType<typeof makeMetrics>;

/** The families of one thread, all at their start. */
export function makeMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const sources = new Map<string, () => void | Promise<void>>();
  const queues: WatchedQueue[] = [];

  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[], buckets: number[]) =>
    new Histogram({ name, help, labelNames, buckets, registers });
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name, help, labelNames, registers });

  const queueDepth = gauge('tapedeck_queue_depth', 'What waits in a queue', ['queue']);
  const queueLimit = gauge('tapedeck_queue_limit', 'Most that may wait in a queue; more is refused', ['queue']);
  const collectFailures = counter('tapedeck_collect_failures_total', 'Figures that could not be looked up for a scrape', [
    'source',
  ]);

  const collectAll = async (): Promise<void> => {
    for (const [source, look] of sources) {
      try {
        await look();
      } catch {
        // The other figures are needed most when something is broken.
        collectFailures.inc({ source });
      }
    }
    for (const { name, limit, depth } of queues) {
      queueLimit.set({ queue: name }, limit);
      queueDepth.set({ queue: name }, depth());
    }
  };

  return {
    // The feed
    parse: histogram('tapedeck_parse_seconds', 'Reading one frame, one in 256 timed', ['venue'], MICROSECONDS),
    book: histogram('tapedeck_book_seconds', 'A depth frame into book and sample, one in 256 timed', ['venue'], MICROSECONDS),
    bar: histogram('tapedeck_bar_seconds', 'A trade into bars, one in 256 timed', ['venue'], MICROSECONDS),
    feedFrames: counter('tapedeck_feed_frames_total', 'Frames received; of candle files, lines', ['venue', 'symbol']),
    feedRefused: counter('tapedeck_feed_refused_total', 'Input that could not be used', ['venue', 'symbol', 'reason']),
    feedAllowed: counter('tapedeck_feed_dropped_total', 'Input dropped or allowed for', ['venue', 'symbol', 'reason']),
    feedDiffering: counter(
      'tapedeck_feed_differing_total',
      'Evidence dropped, as the tape has the same fact with other content',
      ['venue', 'symbol'],
    ),
    feedGaps: counter('tapedeck_feed_gaps_total', 'Missing updates (depth) and trades (trade)', ['venue', 'symbol', 'kind']),
    feedResyncs: counter('tapedeck_feed_resyncs_total', 'Recoveries after a gap, a crossed book or silence', ['venue', 'symbol']),
    feedStaleness: gauge('tapedeck_feed_staleness_seconds', 'Since the last frame, while the feed is being read', [
      'venue',
      'symbol',
    ]),
    feedState: gauge('tapedeck_feed_state', '1 for the state that the feed is in', ['venue', 'symbol', 'state']),

    // The tape and the engine
    append: histogram('tapedeck_append_seconds', 'One append until durable', ['category', 'outcome'], SECONDS),
    writeFailures: counter('tapedeck_write_failures_total', 'Writes that the store could not do, refusals not counted', []),
    section: histogram(
      'tapedeck_section_seconds',
      'Appends under the write lock: waiting for it, the work, until durable',
      ['phase'],
      SECONDS,
    ),
    tapeTail: gauge(
      'tapedeck_tape_tail',
      'The latest events, kept in memory for those who follow the tape in EventStoreDB, in events and bytes',
      ['thread', 'unit'],
    ),
    tapeTailLimit: gauge(
      'tapedeck_tape_tail_limit',
      'Most that is kept; then the oldest go, and whoever lacks them reads the tape',
      ['thread', 'unit'],
    ),
    decide: histogram('tapedeck_decide_seconds', 'One piece of evidence with its whole cascade', ['type'], MICROSECONDS),
    risk: histogram(
      'tapedeck_risk_seconds',
      'The desk upon one signal or request: sizing and every limit',
      ['cause'],
      MICROSECONDS,
    ),
    cascade: histogram('tapedeck_cascade_decisions', 'Decisions upon one piece of evidence that caused any', [], CASCADES),
    engineLag: gauge('tapedeck_engine_lag_seconds', 'Age of the oldest evidence that is not decided upon; 0 when all is', []),
    engineBusy: gauge('tapedeck_engine_busy_seconds', 'How long the engine has been in the commit in hand; 0 between', []),
    signals: counter('tapedeck_signals_total', 'Signals that this process decided', ['strategy', 'side']),
    orders: counter('tapedeck_orders_total', 'What became of orders, as this process decided; fill: executions', ['outcome']),
    ordersDenied: counter('tapedeck_orders_denied_total', 'Orders denied before any venue saw them', ['strategy', 'reason']),
    halts: gauge('tapedeck_halts_in_force', 'Halts in force', ['account', 'mode']),

    // Read models
    project: histogram('tapedeck_project_seconds', 'A batch of events into a read model, committed', ['projection'], SECONDS),
    projectedEvents: counter('tapedeck_projected_events_total', 'Events taken into a read model', ['projection']),
    projectionLag: gauge('tapedeck_projection_lag_seconds', 'Age of the last event taken in; 0 when caught up', ['projection']),
    parkedEvents: gauge('tapedeck_parked_events', 'Events that could not be applied, and those behind them', ['projection']),
    parkedDocuments: gauge('tapedeck_parked_documents', 'Documents that stand still because of them', ['projection']),
    readStoreRetries: counter('tapedeck_read_store_retries_total', 'Calls of the read store that were tried again', [
      'projection',
    ]),

    // What is handed on
    relayLag: gauge('tapedeck_relay_lag_seconds', 'Age of the first event that is not handed on; 0 when all are', []),
    relayQueued: gauge('tapedeck_relay_queued', 'Read from the tape and not handed on yet, in events and bytes', ['unit']),
    relayQueueLimit: gauge('tapedeck_relay_queue_limit', 'Most that is held; reading waits then', ['unit']),
    relayTransaction: histogram('tapedeck_relay_transaction_seconds', 'A batch of events handed on, committed', [], SECONDS),
    relayedEvents: counter('tapedeck_relayed_events_total', 'Events handed on', []),
    relayFailures: counter('tapedeck_relay_failures_total', 'Times that the relay had to open a new session', []),

    // The API
    http: histogram(
      'tapedeck_http_request_seconds',
      'One request, by the pattern of its route',
      ['method', 'route', 'status'],
      SECONDS,
    ),

    // The instance among others
    leaseHeld: gauge('tapedeck_lease_held', '1 where this process does that work, 0 where another does or nobody', ['lease']),
    partWaiting: gauge('tapedeck_part_waiting', '1 while the part waits for an engine that is away', ['part']),

    // The process
    collectFailures,
    buildInfo: gauge('tapedeck_build_info', 'Always 1; the build and the runtime', ['version', 'node']),
    loopLag: histogram('tapedeck_loop_lag_seconds', 'How late a timer fires, looked at ten times a second', ['thread'], SECONDS),
    loopBusy: counter('tapedeck_loop_busy_seconds_total', 'Time that the event loop was at work', ['thread']),
    heapUsed: gauge('tapedeck_heap_used_bytes', 'Heap in use', ['thread']),
    heapLimit: gauge('tapedeck_heap_limit_bytes', 'Heap at which the thread dies', ['thread']),
    residentMemory: gauge('process_resident_memory_bytes', 'Resident memory of the process', []),
    cpu: counter('process_cpu_seconds_total', 'User and system CPU time of the process', []),
    startTime: gauge('process_start_time_seconds', 'Start of the process, since the epoch', []),

    /** Calls `look` at each scrape, to set what can be looked up. One that fails is counted, and the rest goes on. */
    collect(source: string, look: () => void | Promise<void>): void {
      sources.set(source, look);
    },

    /** Shows the queue's depth beside its limit. */
    watchQueue(queue: WatchedQueue): void {
      queues.push(queue);
    },

    /** All figures of this thread as they are now. */
    async snapshot(): Promise<MetricsSnapshot> {
      await collectAll();
      return registry.getMetricsAsJSON();
    },
  };
}

/** The figures of one or more threads in the text format of Prometheus; those of the same name and labels are added up. */
export function metricsText(snapshots: readonly MetricsSnapshot[]): Promise<string> {
  return AggregatorRegistry.aggregate(snapshots as MetricsSnapshot[]).metrics();
}

/** Sets a counter that is kept elsewhere to what it has come to. */
export function setCounter<L extends string>(counter: Counter<L>, labels: Partial<Record<L, string>>, value: number): void {
  counter.remove(labels);
  counter.inc(labels, value);
}
