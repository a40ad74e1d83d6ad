/**
 * The figures that Prometheus scrapes. Times are in seconds, sizes in bytes. Labels are bounded: names from the settings
 * (venue, symbol, strategy, account), from the code (projection, route, type, reason), and never an id.
 *
 * A room describes its families next to the code that sets them; `metric-families.ts` lists them. Every thread has figures
 * of its own. Some are looked up at each scrape only (`collect`), so that they cost nothing in between.
 */

import { AggregatorRegistry, Counter, Gauge, type MetricObjectWithValues, type MetricValue, Registry } from 'prom-client';
import { Histogram } from './histogram.ts';

/** Upper bounds of the buckets for a durable write, a request or a batch. */
export const SECONDS: readonly number[] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
/** For what takes microseconds when all is well. */
export const MICROSECONDS: readonly number[] = [
  ...[0.000001, 0.0000025, 0.000005, 0.00001, 0.000025, 0.00005, 0.0001, 0.00025],
  ...SECONDS,
];

/** The content type of `metricsText`. */
export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

type Kind = 'counter' | 'gauge' | 'histogram';

/** Figures of one name and meaning, told apart by their labels. */
export interface Family<K extends Kind = Kind, L extends string = string> {
  readonly kind: K;
  readonly name: string;
  readonly help: string;
  readonly labels: readonly L[];
  /** Of a histogram: the upper bounds. */
  readonly buckets?: readonly number[];
}

/** The families that one place sets, by the names that it has for them. */
export type Families = Readonly<Record<string, Family>>;

type Figure<F> =
  F extends Family<'counter', infer L>
    ? Counter<L>
    : F extends Family<'gauge', infer L>
      ? Gauge<L>
      : F extends Family<'histogram', infer L>
        ? Histogram<L>
        : never;

/** The figures of those families in one thread. */
export type Figures<F extends Families> = { readonly [Name in keyof F]: Figure<F[Name]> };

export function counter<L extends string = never>(name: string, help: string, labels: readonly L[] = []): Family<'counter', L> {
  return { kind: 'counter', name, help, labels };
}

export function gauge<L extends string = never>(name: string, help: string, labels: readonly L[] = []): Family<'gauge', L> {
  return { kind: 'gauge', name, help, labels };
}

export function histogram<L extends string = never>(
  name: string,
  help: string,
  buckets: readonly number[],
  labels: readonly L[] = [],
): Family<'histogram', L> {
  return { kind: 'histogram', name, help, labels, buckets };
}

/** Of the figures themselves. */
export const SCRAPE_FAMILIES = {
  queueDepth: gauge('tapedeck_queue_depth', 'Entries that wait in a queue', ['queue']),
  queueLimit: gauge('tapedeck_queue_limit', 'Most that may wait in a queue; more is refused', ['queue']),
  collectFailures: counter('tapedeck_collect_failures_total', 'Figures that could not be looked up for a scrape', ['source']),
};

/** The figures of one thread at one moment: plain data, so that a thread can hand it to another. */
export type MetricsSnapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

/** A queue with a stated limit: how many wait in it now. */
export interface WatchedQueue {
  readonly name: string;
  readonly limit: number;
  readonly depth: () => number;
}

/** The figures of one thread, all at their start. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #figures = new Map<Families, Readonly<Record<string, Counter | Gauge | Histogram>>>();
  readonly #sources = new Map<string, () => void | Promise<void>>();
  readonly #queues: WatchedQueue[] = [];

  /** `families`: all that there are, `SCRAPE_FAMILIES` among them; a scrape shows each, set or not. */
  constructor(families: Iterable<Families>) {
    for (const some of families) {
      const figures = Object.entries(some).map(([name, family]) => [name, makeFigure(family, this.#registry)] as const);
      this.#figures.set(some, Object.fromEntries(figures));
    }
  }

  /** The figures of these families. Throws for families that `metric-families.ts` does not list. */
  of<F extends Families>(families: F): Figures<F> {
    const figures = this.#figures.get(families);
    if (figures === undefined) throw new Error(`no list of families has ${Object.values(families).map(({ name }) => name)}`);
    return figures as Figures<F>;
  }

  /** Calls `look` at each scrape, to set what can be looked up. One that fails is counted, and the rest goes on. */
  collect(source: string, look: () => void | Promise<void>): void {
    this.#sources.set(source, look);
  }

  /** Shows the queue's depth and its limit. */
  watchQueue(queue: WatchedQueue): void {
    this.#queues.push(queue);
  }

  /** All figures of this thread as they are now. */
  async snapshot(): Promise<MetricsSnapshot> {
    const { queueDepth, queueLimit, collectFailures } = this.of(SCRAPE_FAMILIES);
    for (const [source, look] of this.#sources) {
      try {
        await look();
      } catch {
        // The other figures are needed most when something is broken.
        collectFailures.inc({ source });
      }
    }
    for (const { name, limit, depth } of this.#queues) {
      queueLimit.set({ queue: name }, limit);
      queueDepth.set({ queue: name }, depth());
    }
    return this.#registry.getMetricsAsJSON();
  }
}

function makeFigure({ kind, name, help, labels, buckets = [] }: Family, registry: Registry): Counter | Gauge | Histogram {
  const configuration = { name, help, labelNames: labels, registers: [registry] };
  if (kind === 'counter') return new Counter(configuration);
  if (kind === 'gauge') return new Gauge(configuration);
  const histogram = new Histogram(name, help, labels, buckets);
  registry.registerMetric(histogram as never);
  return histogram;
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
