/** The facts of a tape, for comparing tapes that several processes wrote. */

import { openEventStore } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import type { RecordedEvent } from '../../src/tape/envelope.ts';
import { wholeTape } from './small-market.ts';

/**
 * By stream, in order: ids, revisions, types, data and causes, without the times that the edge's clock stamped. Revisions
 * of the stream `engine` are left out: they count the activations of builds, which `isFact` leaves out.
 */
export async function factsAt(
  address: string,
  isFact: (event: RecordedEvent) => boolean = ({ type }) => type !== 'EngineActivated',
): Promise<Record<string, unknown[]>> {
  const events = await openEventStore(address, systemTime);
  const streams: Record<string, unknown[]> = {};
  for (const event of await wholeTape(events)) {
    if (!isFact(event)) continue;
    const { stream, id, revision, type, data, metadata } = event;
    streams[stream] ??= [];
    streams[stream].push({ id, ...(stream === 'engine' ? {} : { revision }), type, data, causationId: metadata.causationId });
  }
  await events.close();
  return streams;
}

/** `factsAt` the tape in a data folder. */
export function factsIn(folder: string, isFact?: (event: RecordedEvent) => boolean): Promise<Record<string, unknown[]>> {
  return factsAt(`sqlite:${folder}/tape.sqlite`, isFact);
}
