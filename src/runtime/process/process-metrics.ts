/** How the process and this thread of it are doing: processor, memory, and how late the event loop is. */

import { getHeapStatistics } from 'node:v8';
import { counter, gauge, histogram, type Metrics, SECONDS, setCounter } from '../../metrics.ts';
import type { Time } from '../../ports/clock.ts';

export const PROCESS_FAMILIES = {
  buildInfo: gauge('tapedeck_build_info', 'Always 1; the build and the runtime', ['version', 'node']),
  loopLag: histogram('tapedeck_loop_lag_seconds', 'How late a timer fires, looked at ten times a second', SECONDS, ['thread']),
  loopBusy: counter('tapedeck_loop_busy_seconds_total', 'Time that the event loop was at work', ['thread']),
  heapUsed: gauge('tapedeck_heap_used_bytes', 'Heap in use', ['thread']),
  heapLimit: gauge('tapedeck_heap_limit_bytes', 'Heap at which the thread dies', ['thread']),
  residentMemory: gauge('process_resident_memory_bytes', 'Resident memory of the process'),
  cpu: counter('process_cpu_seconds_total', 'User and system CPU time of the process'),
  startTime: gauge('process_start_time_seconds', 'Start of the process, since the epoch'),
};

const LOOK_EVERY_MS = 100;

/** The main thread tells of the process as a whole as well; others of themselves only. */
export type ThreadName = 'main' | 'api';

/** Begins to watch; the function that it returns ends it. A loop that is held up is seen once it turns again. */
export function watchProcess(metrics: Metrics, time: Time, thread: ThreadName, build: string): () => void {
  const { loopLag, loopBusy, heapUsed, heapLimit } = metrics.of(PROCESS_FAMILIES);
  let due = time.monotonic() + LOOK_EVERY_MS;
  const look = (): void => {
    const now = time.monotonic();
    loopLag.observe({ thread }, Math.max(0, now - due) / 1_000);
    due = now + LOOK_EVERY_MS;
  };
  const timer = time.every(LOOK_EVERY_MS, look, { isAwaited: false });
  metrics.collect('thread', () => {
    const heap = getHeapStatistics();
    heapUsed.set({ thread }, heap.used_heap_size);
    heapLimit.set({ thread }, heap.heap_size_limit);
    setCounter(loopBusy, { thread }, performance.eventLoopUtilization().active / 1_000);
  });
  if (thread === 'main') watchWholeProcess(metrics, build);
  return () => timer.cancel();
}

function watchWholeProcess(metrics: Metrics, build: string): void {
  const { buildInfo, startTime, cpu, residentMemory } = metrics.of(PROCESS_FAMILIES);
  buildInfo.set({ version: build, node: process.versions.node }, 1);
  startTime.set(Math.round(performance.timeOrigin) / 1_000);
  metrics.collect('process', () => {
    const { user, system } = process.cpuUsage();
    setCounter(cpu, {}, (user + system) / 1_000_000);
    residentMemory.set(process.memoryUsage.rss());
  });
}
