/**
 * A read store belongs to one tape. With another tape it would show documents of the old one as if they were of the
 * new, and its checkpoints would pass over evidence that nobody has decided on.
 */

import { UserError } from '../../domain/user-error.ts';
import type { EventStore } from '../../ports/event-store.ts';
import type { ReadStore } from '../../ports/read-store.ts';
import { projectionsOn } from '../../projections/projections.ts';
import { comparePositions, START } from '../../tape/envelope.ts';
import { ENGINE_CHECKPOINT } from '../engine/engine-checkpoint.ts';
import { tapeName } from '../process/tape-name.ts';
import { collectionOf, readBuilds } from '../projections/builds.ts';

const TAPE = { name: 'tape@1', indexes: [] };
const FIRST = 'first-event';

/** The read store was made from another tape. The message says how the two differ, and what to do. */
export class OtherTapeError extends UserError {
  constructor(difference: string) {
    super(
      `the read store belongs to another tape: ${difference}. Put the tape back that it was made of, or delete the read store (or name another with TAPEDECK_READ_STORE): it is made again from the tape`,
    );
  }
}

/**
 * Throws OtherTapeError unless everything in the read store can be of this tape; one that belongs to none yet
 * belongs to this one from here on.
 */
export async function assertSameTape(events: EventStore, reads: ReadStore): Promise<void> {
  await reads.prepare([TAPE]);
  await assertWithin(events, reads);
  const tape = await tapeName(events);
  if (tape !== null) {
    // A document is never replaced at its own position: the first tape stays.
    await reads.commit(TAPE.name, [{ collection: TAPE.name, key: FIRST, document: { _position: START, event: tape } }], START);
  }
  const known = (await reads.load(TAPE.name, [FIRST])).get(FIRST);
  if (known !== undefined && known.event !== tape) {
    throw new OtherTapeError(
      `that one begins with event ${known.event}, this one ${tape === null ? 'is empty' : `with ${tape}`}`,
    );
  }
}

/** Nothing was read beyond the tape's end: else it is another tape, or an older copy of the same. */
async function assertWithin(events: EventStore, reads: ReadStore): Promise<void> {
  const builds = await readBuilds(
    reads,
    projectionsOn(events).map(({ name }) => name),
  );
  const collections = [...builds].map(([name, { serving }]) => collectionOf({ name }, serving));
  for (const name of [ENGINE_CHECKPOINT, ...collections]) {
    const checkpoint = await reads.checkpoint(name);
    const head = await events.head();
    if (comparePositions(checkpoint, head) <= 0) continue;
    throw new OtherTapeError(`"${name}" has read up to position ${checkpoint}, and this tape ends at ${head}`);
  }
}
