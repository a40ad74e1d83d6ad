/** Events as they are put on the tape and as they are read back. */

import { z } from 'zod';
import {
  type EventData,
  type EventName,
  findEventType,
  inTodaysShape,
  type TapeEvent,
  UnreadableEventError,
} from '../domain/catalogue.ts';
import type { Metadata } from '../domain/event.ts';
import { damagedAt, placeText } from './damage.ts';
import { makeId } from './id.ts';

/** An event's place on the tape. */
export interface Place {
  /** Number within the stream, from 0. */
  readonly revision: number;
  /** Opaque, ordered within one store, compared with `comparePositions` only. */
  readonly position: string;
  /** The store's clock at the append, ISO 8601 UTC; never runs back. */
  readonly recordedAt: string;
}

/** An event read back, in today's shape. */
export type RecordedEvent = TapeEvent & Place;

/** An event as a store holds it, in the shape of the build that recorded it. */
export interface StoredEvent extends Place {
  readonly id: string;
  readonly stream: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: Record<string, unknown>;
  readonly metadata: Metadata;
}

/** Before every position of any store. */
export const START = '0';

/** Negative, zero or positive, as `a` comes before, is, or comes after `b`. Positions are integers in decimal. */
export function comparePositions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The later of two positions. */
export function laterPosition(a: string, b: string): string {
  return comparePositions(a, b) < 0 ? b : a;
}

/** The first position that comes after `position`; an event need not be there. */
export function positionAfter(position: string): string {
  return String(BigInt(position) + 1n);
}

/** Thrown when evidence does not fit its schema: names the type and every violation with its path. */
export class InvalidEventError extends Error {}

/** Reads a stored event in today's shape. Throws UnreadableEventError for what this build does not know, DamagedTapeError. */
export function readEvent(stored: StoredEvent): RecordedEvent {
  try {
    return inTodaysShape(stored) as unknown as RecordedEvent;
  } catch (error) {
    if (!(error instanceof UnreadableEventError)) throw damagedAt(stored, `${stored.type}: ${(error as Error).message}`);
    throw new UnreadableEventError(`the event at ${placeText(stored)} cannot be read: ${error.message}`);
  }
}

export interface EvidenceOrigin {
  readonly occurredAt: string;
  readonly actor: string;
  readonly codeVersion: string;
  readonly traceparent?: string | undefined;
}

/** The id of the piece of evidence of that type under the world's own key. */
export function evidenceId(type: EventName, key: string): string {
  return makeId(`${type}|${key}`);
}

/**
 * Makes a piece of evidence. `key` is the world's own name of the fact; the id follows from type and key alone.
 * Throws InvalidEventError when the data do not fit the event's schema.
 */
export function makeEvidence<N extends EventName>(
  type: N,
  stream: string,
  key: string,
  data: EventData[N],
  origin: EvidenceOrigin,
): TapeEvent {
  const known = findEventType(type);
  if (known === undefined) throw new InvalidEventError(`unknown event type "${type}"`);
  const parsed = known.schema.safeParse(data);
  if (!parsed.success) throw new InvalidEventError(`${type} "${key}": ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`);
  const id = evidenceId(type, key);
  return {
    id,
    stream,
    type,
    schemaVersion: known.version,
    data: parsed.data,
    metadata: {
      occurredAt: origin.occurredAt,
      correlationId: id,
      causationId: id,
      actor: origin.actor,
      codeVersion: origin.codeVersion,
      ...(origin.traceparent === undefined ? {} : { traceparent: origin.traceparent }),
    },
  } as TapeEvent;
}

/** Was it decided by the engine, rather than told by the world? */
export function isDecision(event: { readonly metadata: Metadata }): boolean {
  return event.metadata.reactor !== undefined;
}

/** An event as it is shown outside: `recordedAt` stands with the rest of the metadata. */
export function envelopeOf(event: RecordedEvent) {
  const { id, stream, revision, position, type, schemaVersion, data, metadata, recordedAt } = event;
  const { occurredAt, ...rest } = metadata;
  return { id, stream, revision, position, type, schemaVersion, data, metadata: { occurredAt, recordedAt, ...rest } };
}
