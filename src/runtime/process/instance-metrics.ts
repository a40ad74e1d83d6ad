/** Which leases are held here, and which parts wait, looked up at each scrape. */

import type { Metrics } from '../../metrics.ts';
import type { SystemReport } from './system-report.ts';

/** Which leases are held here, and which parts wait for an engine that is away. */
export function watchInstance(metrics: Metrics, report: () => SystemReport): void {
  metrics.collect('instance', () => {
    const { leases, parts } = report();
    for (const { name, here } of leases) metrics.leaseHeld.set({ lease: name }, here ? 1 : 0);
    for (const { part, state } of parts) metrics.partWaiting.set({ part }, state === 'waiting' ? 1 : 0);
  });
}
