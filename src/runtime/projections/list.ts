/** The read models there are, and how each of them is. */

import { UserError } from '../../domain/user-error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { EventStore } from '../../ports/event-store.ts';
import type { ReadStore } from '../../ports/read-store.ts';
import type { Projection } from '../../projections/projection.ts';
import { projectionsOn } from '../../projections/projections.ts';
import { type Lag, lagBehind } from '../process/lag.ts';
import { collectionOf, ensureServing } from './builds.ts';
import { loadParked } from './parked-events.ts';

export interface ListedProjection extends Lag {
  readonly projection: string;
  /** The version that this build of the program makes; another may serve. */
  readonly version: number;
  /** The build that serves, and how far it is. */
  readonly collection: string;
  readonly position: string;
  /** The build that is made to take its place, and how far that is; null when there is none. */
  readonly building: { readonly collection: string; readonly position: string } | null;
  readonly parkedKeys: number;
  readonly parkedEvents: number;
}

/** The projection of that name on a tape, or all without one. Throws UserError for a name that is none. */
export function projectionsNamed(name: string | undefined, events: EventStore): readonly Projection[] {
  const all = projectionsOn(events);
  if (name === undefined) return all;
  const found = all.filter((projection) => projection.name === name);
  if (found.length > 0) return found;
  throw new UserError(`there is no projection "${name}", but ${all.map((projection) => projection.name).join(', ')}`);
}

/** The one projection of that name on a tape. Throws UserError for a name that is none. */
export function projectionNamed(name: string, events: EventStore): Projection {
  return projectionsNamed(name, events)[0] as Projection;
}

/** Read from the stores alone, whether or not a process makes them. */
export async function listProjections(events: EventStore, reads: ReadStore, clock: Clock): Promise<ListedProjection[]> {
  const head = await events.head();
  const listed: ListedProjection[] = [];
  for (const projection of projectionsOn(events)) {
    const { serving, next } = await ensureServing(reads, projection);
    const collection = collectionOf(projection, serving);
    const position = await reads.checkpoint(collection);
    const parked = [...(await loadParked(reads, collection)).values()];
    const building = next === null ? null : collectionOf(projection, next);
    listed.push({
      projection: projection.name,
      version: projection.version,
      collection,
      position,
      ...(await lagBehind(events, clock, position, head)),
      building: building === null ? null : { collection: building, position: await reads.checkpoint(building) },
      parkedKeys: parked.length,
      parkedEvents: parked.reduce((sum, { events }) => sum + events, 0),
    });
  }
  return listed;
}
