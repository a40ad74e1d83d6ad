/** One run of the whole system as a process, on stores of its own, and what it leaves. */

import { openEventStore, openLeases, openReadStore } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { type Child, startTapedeck } from './child.ts';
import { type Contents, contentsOf } from './digests.ts';

/** The embedded ones in `data`, but for those that have an address. */
export interface RunStores {
  readonly data: string;
  readonly settings: string;
  readonly eventStore?: string;
  readonly readStore?: string;
}

export function startRun({ data, settings, eventStore = '', readStore = '' }: RunStores, ...args: string[]): Child {
  return startTapedeck(['run', '--json', ...args], {
    PORT: '0',
    TAPEDECK_DATA: data,
    TAPEDECK_SETTINGS: settings,
    TAPEDECK_EVENT_STORE: eventStore,
    TAPEDECK_READ_STORE: readStore,
  });
}

export async function contentsOfRun(stores: RunStores): Promise<Contents> {
  const events = await openEventStore(stores.eventStore ?? `sqlite:${stores.data}/tape.sqlite`, systemTime);
  const reads = await openReadStore(readStoreOf(stores), systemTime);
  try {
    return await contentsOf(events, reads);
  } finally {
    await reads.close();
    await events.close();
  }
}

/** Names of the leases that are not given back. */
export async function heldLeases(stores: RunStores): Promise<string[]> {
  const leases = await openLeases(readStoreOf(stores), systemTime);
  try {
    return [...(await leases.read())].filter(([, { owner }]) => owner !== null).map(([name]) => name);
  } finally {
    await leases.close();
  }
}

function readStoreOf({ data, readStore }: RunStores): string {
  return readStore ?? `sqlite:${data}/read-models.sqlite`;
}
