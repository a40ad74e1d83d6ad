/** Folds a batch of events into one document. */

import { produce } from 'immer';
import type { ReadDocument } from '../ports/read-store.ts';
import { damageIn } from '../tape/damage.ts';
import { comparePositions, type RecordedEvent } from '../tape/envelope.ts';
import type { Projection } from './projection.ts';
import { arranged } from './shown.ts';

export interface Folded {
  /** The document to write; undefined when no event changed it. */
  readonly document: ReadDocument | undefined;
  /** The first event that could not be applied and those behind it; empty when all went well. */
  readonly parked: readonly RecordedEvent[];
  /** Why the first of them could not be applied. */
  readonly error: unknown;
}

/**
 * Applies the events that are later than the document, in order. One that throws, and all after it, are handed back
 * to be parked; what came before it is kept. Throws DamagedTapeError where the event is not what was recorded.
 */
export function foldDocument(projection: Projection, stored: ReadDocument | undefined, events: readonly RecordedEvent[]): Folded {
  const fresh = stored === undefined ? events : events.filter((event) => comparePositions(event.position, stored._position) > 0);
  let applied = 0;
  try {
    const document = applyAll(projection, stored, fresh, () => applied++);
    return { document, parked: [], error: undefined };
  } catch (error) {
    const failed = fresh[applied];
    const damage = failed === undefined ? undefined : damageIn(failed);
    if (damage !== undefined) throw damage;
    // The draft is thrown away, and with it the changes of the failing event.
    const document = applyAll(projection, stored, fresh.slice(0, applied), () => {});
    return { document, parked: fresh.slice(applied), error };
  }
}

/** One `produce` around all events: a produce for each would be hundreds of times slower. */
function applyAll(
  projection: Projection,
  stored: ReadDocument | undefined,
  events: readonly RecordedEvent[],
  onApplied: () => void,
): ReadDocument | undefined {
  const last = events[events.length - 1];
  if (last === undefined) return undefined;
  const folded = produce({ document: stored as object | undefined }, (draft) => {
    for (const event of events) {
      draft.document = projection.apply(draft.document, event);
      onApplied();
    }
  });
  return arranged(projection, folded.document as object, last.position);
}
