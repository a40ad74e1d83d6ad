/** The contract of a read model: which documents an event is about, and what it does to each of them. */

import type { IndexDefinition } from '../ports/read-store.ts';
import type { RecordedEvent } from '../tape/envelope.ts';

/**
 * One read model. What an event does to a document depends on that document and that event alone, never on another
 * document, a clock or what was applied in the same batch; so a batch that is delivered again changes nothing.
 */
export interface Projection<Document extends object = object> {
  /** Lower case; names its documents, with version and build: `orders@1.2`. */
  readonly name: string;
  /**
   * Raised when documents would come out differently: they are then rebuilt under the new version, while those of
   * the old one are served. So readers must bear with a field that is not there yet, and with one that is new.
   */
  readonly version: number;
  /** Categories of the streams that it reads, all where absent; others are passed over, but its position moves with them. */
  readonly categories?: readonly string[];
  /** Fields that the API filters and sorts by. */
  readonly indexes: readonly IndexDefinition[];
  /** Fields that only the read model needs, for its own rules or for the order of lists: nobody else is shown them. */
  readonly hidden?: readonly string[];
  /** Shown fields that lists leave out, because they would be long with them. */
  readonly details?: readonly string[];
  /** Keys of the documents that the event is about; none when it is not for this read model. */
  keys(event: RecordedEvent): readonly string[];
  /**
   * Returns the document as it is after the event: a new one, or the given one, which may be changed in place (it is
   * an immer draft). There are no deletions: a document about something that ended says so.
   */
  apply(document: Document | undefined, event: RecordedEvent): Document;
}

/** The field that a list of all documents is in order of: the first that has an index. */
export function listOrderOf({ name, indexes }: Pick<Projection, 'name' | 'indexes'>): string {
  const field = indexes[0]?.[0];
  if (field === undefined) throw new Error(`the projection "${name}" has no index: a list of its documents has no order`);
  return field;
}

/**
 * A text that sorts by the event's time (or by another time that it carries) and then by its place on the tape. It
 * begins with the time, so a range of times selects by it too; a list sorted by it has a total order in which the
 * tape's own is kept.
 */
export function sequenceOf(event: RecordedEvent, time = event.metadata.occurredAt): string {
  return `${time}/${event.position.padStart(20, '0')}`;
}

/** For an event that a projection named keys for but has no rule for: a bug, which parks the document. */
export function unexpected(projection: string, event: RecordedEvent): Error {
  return new Error(`the projection "${projection}" has no rule for ${event.type} ${event.id}`);
}
