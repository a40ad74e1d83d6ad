/**
 * Where a run of the whole system has its tape. There is one log for a whole EventStoreDB, which cannot be emptied, and
 * a run must be alone on it: so it has a container of its own, or, once, the empty database of an address, or else the
 * small in-process server.
 */

import { startEventStoreDb } from './containers.ts';
import { LocalEventStore } from './local-event-store.ts';

export interface Tape {
  readonly address: string;
  /** Nobody reaches it any more; a database that was given stays. */
  leave(): Promise<void>;
}

/** What `run.ts` tells the tests: where tapes are, other than in process. */
export const TAPES_VARIABLE = 'TAPEDECK_TEST_TAPES';
/** `address`: the database at TAPEDECK_TEST_EVENT_STORE is empty, for one run. */
export type TapesPlace = 'containers' | 'address';

/** An empty tape, in a container if runs have those; `name` is its file's, in `folder`, where it is in process. */
export async function emptyTape(folder: string, name: string): Promise<Tape> {
  if (process.env[TAPES_VARIABLE] !== ('containers' satisfies TapesPlace)) return LocalEventStore.start(folder, name);
  const container = await startEventStoreDb();
  return { address: container.address, leave: () => container.stop() };
}

/** As `emptyTape`, but for the one run that may have the database of an address. */
export async function emptyTapeOfAll(folder: string, name: string): Promise<Tape> {
  if (process.env[TAPES_VARIABLE] !== ('address' satisfies TapesPlace)) return emptyTape(folder, name);
  return { address: process.env.TAPEDECK_TEST_EVENT_STORE ?? '', leave: async () => {} };
}
