/** How far a position is behind the tape. */

import { epochMs } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { EventStore } from '../../ports/event-store.ts';
import { comparePositions } from '../../tape/envelope.ts';

export interface Lag {
  /** Everything that was on the tape has been delivered. */
  readonly caughtUp: boolean;
  /** Age of the first event that is not delivered, by the time it was recorded; 0 when caught up, null when not known. */
  readonly lagMs: number | null;
}

/** A build that may serve is no further behind: on a busy tape, more has always come by the time that a batch is committed. */
const MAX_SERVING_LAG_MS = 5_000;

/** Is it near enough to the end of the tape to serve? */
export function isAbreast({ caughtUp, lagMs }: Lag): boolean {
  return caughtUp || (lagMs !== null && lagMs <= MAX_SERVING_LAG_MS);
}

/** `head` is the tape's last position. */
export async function lagBehind(events: Pick<EventStore, 'read'>, clock: Clock, position: string, head: string): Promise<Lag> {
  if (comparePositions(position, head) >= 0) return { caughtUp: true, lagMs: 0 };
  const [waiting] = await events.read({ after: position, limit: 1 });
  if (waiting === undefined) return { caughtUp: true, lagMs: 0 };
  return { caughtUp: false, lagMs: Math.max(0, clock.now() - epochMs(waiting.recordedAt)) };
}
