/** The rules of appending, the same behind every embedded tape: limits, exact revisions, strong idempotency. */

import type { TapeEvent } from '../../domain/catalogue.ts';
import { type ExpectedRevision, PartialOverlapError, WrongExpectedRevisionError } from '../../ports/event-store.ts';

/** Bytes of an event's data and metadata as JSON. EventStoreDB takes 1 MiB an append, so the limit holds there too. */
export const MAX_EVENT_BYTES = 256 * 1024;
export const MAX_APPEND_EVENTS = 500;

/** Before the first revision of a stream. */
export const NO_REVISION = -1;

/** An event as text, ready to be written. */
export interface SerializedEvent {
  readonly id: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: string;
  readonly metadata: string;
  readonly occurredAt: string;
  readonly correlationId: string;
}

/**
 * The events as they will be written; later changes of the objects change nothing. Throws RangeError for no events,
 * too many, one that is too large, or one that names another stream.
 */
export function serializeEvents(stream: string, events: readonly TapeEvent[]): SerializedEvent[] {
  if (events.length === 0) throw new RangeError(`append to "${stream}": there are no events`);
  if (events.length > MAX_APPEND_EVENTS) {
    throw new RangeError(`append to "${stream}": ${events.length} events are more than ${MAX_APPEND_EVENTS}, split them`);
  }
  return events.map((event) => serializeEvent(stream, event));
}

function serializeEvent(stream: string, event: TapeEvent): SerializedEvent {
  if (event.stream !== stream) {
    throw new RangeError(`append to "${stream}": the event ${event.id} is meant for stream "${event.stream}"`);
  }
  const data = JSON.stringify(event.data);
  const metadata = JSON.stringify(event.metadata);
  assertSize(stream, event.id, data, metadata);
  const { occurredAt, correlationId } = event.metadata;
  return { id: event.id, type: event.type, schemaVersion: event.schemaVersion, data, metadata, occurredAt, correlationId };
}

function assertSize(stream: string, id: string, data: string, metadata: string): void {
  // A UTF-16 unit is at most 3 bytes in UTF-8: only large events need to be measured.
  if ((data.length + metadata.length) * 3 <= MAX_EVENT_BYTES) return;
  const bytes = Buffer.byteLength(data) + Buffer.byteLength(metadata);
  if (bytes > MAX_EVENT_BYTES) {
    throw new RangeError(
      `append to "${stream}": the event ${id} has ${bytes} bytes, more than ${MAX_EVENT_BYTES}, which every store takes: record less in one event, such as fewer levels of a book`,
    );
  }
}

/** Nothing to write: the same ids are there. */
export interface AlreadyThere {
  readonly lastRevision: number;
}

/**
 * May these events be written after `expected`? Undefined means yes: write them after `last`, the stream's last
 * revision (NO_REVISION for none). Throws WrongExpectedRevisionError or PartialOverlapError. Only ids are compared.
 */
export function judgeAppend(
  stream: string,
  expected: ExpectedRevision,
  events: readonly SerializedEvent[],
  last: number,
  idAt: (revision: number) => string | undefined,
): AlreadyThere | undefined {
  assertRevision(stream, expected);
  const after = expected === 'no-stream' ? NO_REVISION : expected;
  if (after === last) return undefined;
  if (after > last) throw new WrongExpectedRevisionError(stream, expected, asExpected(last));
  for (const [offset, event] of events.entries()) {
    const revision = after + 1 + offset;
    if (revision <= last && idAt(revision) === event.id) continue;
    if (offset === 0) throw new WrongExpectedRevisionError(stream, expected, asExpected(last));
    throw new PartialOverlapError(stream, revision);
  }
  return { lastRevision: after + events.length };
}

/** Throws RangeError for what is no revision. */
export function assertRevision(stream: string, expected: ExpectedRevision): void {
  if (expected === 'no-stream' || (Number.isInteger(expected) && expected >= 0)) return;
  throw new RangeError(`append to "${stream}": ${expected} is not a revision`);
}

/** Does this error say that an append is not to be, so that nothing was written? Anything else is a failure. */
export function isRefusal(error: unknown): boolean {
  return error instanceof WrongExpectedRevisionError || error instanceof PartialOverlapError || error instanceof RangeError;
}

/** The stream's last revision in the port's words. */
export function asExpected(last: number): ExpectedRevision {
  return last === NO_REVISION ? 'no-stream' : last;
}

/** A position as a number. Throws RangeError for what is none of an embedded tape's. */
export function positionNumber(position: string): number {
  const value = Number(position);
  if (!/^\d+$/.test(position) || !Number.isSafeInteger(value)) {
    throw new RangeError(`"${position}" is not a position of this tape`);
  }
  return value;
}
