/** The name of a tape. */

import type { EventStore } from '../../ports/event-store.ts';

/** A tape is known by its first event and when that was recorded; null while there is none. */
export async function tapeName(events: Pick<EventStore, 'read'>): Promise<string | null> {
  const [first] = await events.read({ limit: 1 });
  return first === undefined ? null : `${first.id} of ${first.recordedAt}`;
}
