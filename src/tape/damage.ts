/** Damage to the tape: what is stored is not what was recorded, and cannot have been. */

import { z } from 'zod';
import { findEventType } from '../domain/catalogue.ts';
import { CascadeDecided } from '../domain/engine/events.ts';
import type { Metadata } from '../domain/event.ts';
import { UserError } from '../domain/user-error.ts';
import { eventMetadata } from './metadata-shape.ts';

type Cascade = z.output<typeof CascadeDecided.schema>;

/** An event that cannot have been recorded as it is stored: says which, and what to do. */
export class DamagedTapeError extends UserError {}

interface EventPlace {
  readonly position: string;
  readonly stream: string;
  readonly revision: number;
}

/** An event that was read, as far as it is looked at here. */
interface ReadEvent extends EventPlace {
  readonly type: string;
  readonly data: unknown;
  readonly metadata: Metadata;
  readonly recordedAt: string;
}

/** The error that says so, with what gives it away. */
export function damagedAt(place: EventPlace, why: string): DamagedTapeError {
  return new DamagedTapeError(`the tape is damaged at ${placeText(place)}: restore the backup (${why})`);
}

/** `position 100 (stream engine, revision 7)`. */
export function placeText({ position, stream, revision }: EventPlace): string {
  return `position ${position} (stream ${stream}, revision ${revision})`;
}

/**
 * Asked of an event that something went wrong with: does it fit what its type, its metadata and its place must look like?
 * A value that was exchanged for another possible one cannot be told so. Undefined where nothing gives damage away.
 */
export function damageIn(event: ReadEvent): DamagedTapeError | undefined {
  const { type, data, metadata, recordedAt } = event;
  const objection =
    findEventType(type)?.schema.safeParse(data).error ?? eventMetadata.safeParse({ ...metadata, recordedAt }).error;
  if (objection !== undefined) return damagedAt(event, wordsOf(type, objection));
  for (const decision of CascadeDecided.type === type ? (data as Cascade).decisions : []) {
    const known = findEventType(decision.type);
    // One that an older build recorded has an older shape.
    const wrong = known?.version === decision.schemaVersion ? known.schema.safeParse(decision.data).error : undefined;
    if (wrong !== undefined) return damagedAt(event, wordsOf(decision.type, wrong));
  }
  return undefined;
}

function wordsOf(type: string, error: z.ZodError): string {
  return `${type}: ${z.prettifyError(error).replaceAll('\n', ' ')}`;
}
