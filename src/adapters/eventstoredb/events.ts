/**
 * Events as EventStoreDB holds them. Its event id is made again for each append and is the same in all attempts at that
 * append: so the server takes an append that is sent again for what it is, and another process that appended the same facts is
 * told from us. The tape's own id is in the metadata, which are flat strings.
 */

import type { BinaryEventData, EventTypeToRecordedEvent, JSONEventType, ResolvedEvent } from '@eventstore/db-client';
import type { Metadata } from '../../domain/event.ts';
import { isoTime } from '../../domain/time.ts';
import type { Time } from '../../ports/clock.ts';
import { StoreError } from '../../ports/errors.ts';
import type { StoredEvent } from '../../tape/envelope.ts';
import type { SerializedEvent } from '../rules/append-rules.ts';

const encoder = new TextEncoder();

/** The value that a server sends where it has no position. */
const HIGHEST_POSITION = 2n ** 63n - 1n;

/** An event read back, and the id that the server knows it by. */
export interface ReadBack {
  readonly stored: StoredEvent;
  readonly wireId: string;
  /** False where the server gives events of streams no position in `$all`: `stored.position` is empty then. */
  readonly hasPosition: boolean;
}

/** Data and metadata are JSON as bytes, which the client takes as they are; `TapeClient` tells the server that data are JSON. */
export function toWire(time: Time, events: readonly SerializedEvent[]): BinaryEventData[] {
  return events.map(({ id, type, schemaVersion, data, metadata }) => ({
    id: time.uuid(),
    type,
    contentType: 'application/octet-stream',
    data: encoder.encode(data),
    metadata: encoder.encode(`${metadata.slice(0, -1)},"id":${JSON.stringify(id)},"schemaVersion":"${schemaVersion}"}`),
  }));
}

/** Undefined for the server's own events. Throws StoreError for one that Tapedeck did not write. */
export function fromWire({ event, commitPosition }: ResolvedEvent): ReadBack | undefined {
  if (event === undefined || event.streamId.startsWith('$')) return undefined;
  const { streamId, id: wireId, revision, type, data, metadata, created } = event as EventTypeToRecordedEvent<JSONEventType>;
  const { id, schemaVersion, ...rest } = (metadata ?? {}) as Record<string, string>;
  if (id === undefined || schemaVersion === undefined || typeof data !== 'object') {
    throw new StoreError(
      `the event ${revision} of the stream "${streamId}" in EventStoreDB was not written by Tapedeck: give the tape a database of its own`,
    );
  }
  const position = validPosition(commitPosition ?? event.position?.commit);
  const stored: StoredEvent = {
    id,
    stream: streamId,
    revision: Number(revision),
    position: position === undefined ? '' : String(position),
    type,
    schemaVersion: Number(schemaVersion),
    data: data as Record<string, unknown>,
    metadata: rest as unknown as Metadata,
    recordedAt: isoTime(created.getTime()),
  };
  return { stored, wireId, hasPosition: position !== undefined };
}

/** A position of an answer; undefined for none, which servers say in several ways. */
export function validPosition(position: bigint | undefined): bigint | undefined {
  return position === undefined || position < 0n || position > HIGHEST_POSITION ? undefined : position;
}
