/** The report of a process about itself: how its parts are, and which instance holds which lease. */

import type { LeaseHolder } from '../leases/lease-keeper.ts';
import type { PartReport } from './supervisor.ts';

export interface SystemReport {
  readonly parts: readonly PartReport[];
  /** Of the leases that this process takes part in; none where there is one instance only. */
  readonly leases: readonly LeaseHolder[];
}

/** A part, and what it waits for in words. */
export interface Awaited {
  readonly part: string;
  readonly reason: string;
}

/** The parts that wait for a backend that is away. */
export function awaitedIn({ parts }: SystemReport): Awaited[] {
  return parts.flatMap(({ part, reason }) => (reason === null ? [] : [{ part, reason }]));
}
