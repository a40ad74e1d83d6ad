/**
 * Events as EventStoreDB holds them. Its event id is made again for each append and is the same in all attempts at that
 * append: so the server takes an append that is sent again for what it is, and another process that appended the same facts is
 * told from us. The tape's own id is in the metadata, which are flat strings.
 */

import type { BinaryEventData } from '@eventstore/db-client';
import type { Metadata } from '../../domain/event.ts';
import { isoTime } from '../../domain/time.ts';
import type { Time } from '../../ports/clock.ts';
import { StoreError } from '../../ports/errors.ts';
import type { StoredEvent } from '../../tape/envelope.ts';
import type { SerializedEvent } from '../rules/append-rules.ts';
import type { EventAnswer } from './wire-events.ts';

const encoder = new TextEncoder();

/** The value that a server sends where it has no position. */
const HIGHEST_POSITION = 2n ** 63n - 1n;

/** An event read back. */
export interface ReadBack {
  readonly stored: StoredEvent;
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
export function fromWire({ event }: EventAnswer): ReadBack | undefined {
  if (event === undefined || event.stream.startsWith('$')) return undefined;
  const { stream, revision, type, created } = event;
  const { id, schemaVersion, ...rest } = (parsed(event.metadata) ?? {}) as Record<string, string>;
  const data = event.isJson ? parsed(event.data) : undefined;
  if (id === undefined || schemaVersion === undefined || data === undefined) {
    throw new StoreError(
      `the event ${revision} of the stream "${stream}" in EventStoreDB was not written by Tapedeck: give the tape a database of its own`,
    );
  }
  const position = validPosition(event.position);
  const stored: StoredEvent = {
    id,
    stream,
    revision,
    position: position === undefined ? '' : String(position),
    type,
    schemaVersion: Number(schemaVersion),
    data,
    metadata: rest as unknown as Metadata,
    recordedAt: isoTime(created),
  };
  return { stored, hasPosition: position !== undefined };
}

/** A position of an answer; undefined for none, which servers say in several ways. */
export function validPosition(position: bigint | undefined): bigint | undefined {
  return position === undefined || position < 0n || position > HIGHEST_POSITION ? undefined : position;
}

/** Undefined for what is no JSON object. */
function parsed(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
