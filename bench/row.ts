/** What a row of the benchmark is, and how its times are taken. */

/** Rounds that do not count. */
const WARM_UP = 2;
/** A timer may be that late. */
const TIMER_MS = 1;

export interface Row {
  /** For `--only`. */
  readonly name: string;
  /** The path, as in the table "What must be quick" of the design. */
  readonly path: string;
  readonly run: () => Promise<Outcome[]>;
}

/** One figure beside the raw limit of the same run. */
export interface Outcome {
  readonly what: string;
  readonly measured: string;
  readonly raw: string;
  /** Compared with `bound`: at least it, or at most. */
  readonly value: number;
  readonly bound: number;
  readonly atLeast: boolean;
  readonly unit: string;
  /** Of an open-loop measurement, in milliseconds. */
  readonly latency?: Latency | undefined;
}

/** In milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

export function isMet({ value, bound, atLeast }: Outcome): boolean {
  return atLeast ? value >= bound : value <= bound;
}

/** `part` of the way from the least to the greatest. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

export function latencyOf(milliseconds: readonly number[]): Latency {
  return { p50: quantile(milliseconds, 0.5), p99: quantile(milliseconds, 0.99), p999: quantile(milliseconds, 0.999) };
}

/** How long it takes, in milliseconds. */
export async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/**
 * How long it keeps this thread at work, in milliseconds: for what waits for nothing, since other processes' turns on
 * the processor do not count.
 */
export async function atWork(work: () => unknown): Promise<number> {
  const before = process.threadCpuUsage();
  await work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

export interface Pair {
  /** Median times in milliseconds. */
  readonly raw: number;
  readonly ours: number;
  /** Median of the rounds' ratios of raw to ours. */
  readonly ratio: number;
}

/**
 * Measures both in turn, A B A B, so that whatever else the machine does meets both; each returns the milliseconds that
 * it took. The first rounds, in which code is still being compiled, do not count.
 */
export async function serially(rounds: number, raw: () => Promise<number>, ours: () => Promise<number>): Promise<Pair> {
  const times: { raw: number; ours: number }[] = [];
  for (let round = -WARM_UP; round < rounds; round++) {
    const time = { raw: await raw(), ours: await ours() };
    if (round >= 0) times.push(time);
  }
  const median = (of: (time: { raw: number; ours: number }) => number) => quantile(times.map(of), 0.5);
  return { raw: median((time) => time.raw), ours: median((time) => time.ours), ratio: median((time) => time.raw / time.ours) };
}

/**
 * Does `work` so many times at a fixed rate, whether or not the one before is done: an open loop. `work` is told when
 * it was due, which is where a latency counts from.
 */
export async function atRate(perSecond: number, count: number, work: (index: number, dueMs: number) => void): Promise<void> {
  const start = performance.now();
  for (let index = 0; index < count; ) {
    const due = Math.min(count, Math.floor(((performance.now() - start) * perSecond) / 1000) + 1);
    for (; index < due; index++) work(index, start + (index * 1000) / perSecond);
    await until(start + (index * 1000) / perSecond);
  }
}

/** Sleeps where there is time, so that the processors are left to what is measured, and turns for the rest. */
async function until(dueMs: number): Promise<void> {
  const leftMs = dueMs - performance.now();
  if (leftMs > TIMER_MS) await new Promise((resolve) => setTimeout(resolve, leftMs - TIMER_MS));
  else await new Promise((resolve) => setImmediate(resolve));
}

/** `12,345/s` of `count` in so many milliseconds. */
export function perSecond(count: number, ms: number): string {
  return `${Math.round((count / ms) * 1000).toLocaleString('en-US')}/s`;
}
