/** Metrics of the leases that are held here and of the parts that wait, read at each scrape. */

import { gauge, type Metrics } from '../../metrics.ts';
import type { SystemReport } from './system-report.ts';

export const INSTANCE_FAMILIES = {
  leaseHeld: gauge('tapedeck_lease_held', '1 where this process does that work, 0 where another does or nobody', ['lease']),
  partWaiting: gauge('tapedeck_part_waiting', '1 while the part waits for a backend that is away', ['part']),
};

/** Shows the leases that are held here, and the parts that wait for a backend that is away. */
export function watchInstance(metrics: Metrics, report: () => SystemReport): void {
  const { leaseHeld, partWaiting } = metrics.of(INSTANCE_FAMILIES);
  metrics.collect('instance', () => {
    const { leases, parts } = report();
    for (const { name, here } of leases) leaseHeld.set({ lease: name }, here ? 1 : 0);
    for (const { part, state } of parts) partWaiting.set({ part }, state === 'waiting' ? 1 : 0);
  });
}
