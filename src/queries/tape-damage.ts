/** Looks for damage on the tape: when somebody asks, or once something has gone wrong that nothing else explains. */

import { UserError } from '../domain/user-error.ts';
import type { Time } from '../ports/clock.ts';
import type { TapeReader } from '../ports/event-store.ts';
import { eventsOf } from '../ports/pages.ts';
import { damagedAt, damageIn } from '../tape/damage.ts';
import { comparePositions, START } from '../tape/envelope.ts';

/**
 * The first damage that can be told, undefined for none, or for none as far as it has looked in `mostMs` milliseconds. A
 * tape that cannot be read is told as its reader tells it.
 */
export async function findDamage(
  events: Pick<TapeReader, 'read'>,
  time: Time,
  mostMs = Number.POSITIVE_INFINITY,
): Promise<UserError | undefined> {
  const until = time.monotonic() + mostMs;
  const revisions = new Map<string, number>();
  let last = START;
  try {
    for await (const event of eventsOf(events, {})) {
      const expected = (revisions.get(event.stream) ?? -1) + 1;
      const damage =
        comparePositions(event.position, last) <= 0
          ? damagedAt(event, `it comes behind position ${last}`)
          : event.revision === expected
            ? damageIn(event)
            : damagedAt(event, `revision ${expected} had to come`);
      if (damage !== undefined || time.monotonic() > until) return damage;
      revisions.set(event.stream, event.revision);
      last = event.position;
    }
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  return undefined;
}
