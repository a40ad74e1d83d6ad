/** How the process and this thread of it are doing: processor, memory, and how late the event loop is. */

import { getHeapStatistics } from 'node:v8';
import { type Metrics, setCounter } from '../../metrics.ts';
import type { Time } from '../../ports/clock.ts';

const LOOK_EVERY_MS = 100;

/** The main thread tells of the process as a whole as well; others of themselves only. */
export type ThreadName = 'main' | 'api';

/** Begins to watch; the function that it returns ends it. A loop that is held up is seen once it turns again. */
export function watchProcess(metrics: Metrics, time: Time, thread: ThreadName, build: string): () => void {
  let due = time.monotonic() + LOOK_EVERY_MS;
  const look = (): void => {
    const now = time.monotonic();
    metrics.loopLag.observe({ thread }, Math.max(0, now - due) / 1_000);
    due = now + LOOK_EVERY_MS;
  };
  const timer = time.every(LOOK_EVERY_MS, look, { keepsProcess: false });
  metrics.collect('thread', () => {
    const heap = getHeapStatistics();
    metrics.heapUsed.set({ thread }, heap.used_heap_size);
    metrics.heapLimit.set({ thread }, heap.heap_size_limit);
    setCounter(metrics.loopBusy, { thread }, performance.eventLoopUtilization().active / 1_000);
  });
  if (thread === 'main') watchWholeProcess(metrics, build);
  return () => timer.cancel();
}

function watchWholeProcess(metrics: Metrics, build: string): void {
  metrics.buildInfo.set({ version: build, node: process.versions.node }, 1);
  metrics.startTime.set(Math.round(performance.timeOrigin) / 1_000);
  metrics.collect('process', () => {
    const { user, system } = process.cpuUsage();
    setCounter(metrics.cpu, {}, (user + system) / 1_000_000);
    metrics.residentMemory.set(process.memoryUsage.rss());
  });
}
