/** When a recorded session that was over goes on. */

import type { FeedStaleReason } from './events.ts';

/**
 * A session that is taken in again with more of it begins as it did before, which is on the tape already: data from
 * after its former end say that it goes on. `staleBecause` and `since` are why and since when its feed is not to be
 * trusted, `time` that of the data; both in ms, or both as the tape writes times.
 */
export function resumesAfterEnd<Time extends number | string>(
  staleBecause: FeedStaleReason | 'not-begun' | null,
  since: Time | null,
  time: Time,
): boolean {
  return staleBecause === 'ended' && (since === null || time > since);
}
