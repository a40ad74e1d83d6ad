/** What every command opens: the configuration and the stores, closed again whatever happens. */

import { existsSync } from 'node:fs';
import { openEventStore, openReadStore } from '../adapters/open.ts';
import { type Config, readConfig } from '../config.ts';
import { UserError } from '../domain/user-error.ts';
import type { Clock, EventStore, ReadStore } from '../ports.ts';

export interface Opened {
  readonly config: Config;
  readonly clock: Clock;
  readonly events: EventStore;
  readonly reads: ReadStore;
}

export const systemClock: Clock = { now: () => Date.now() };

/** Opens the stores that the environment names, making them where there are none, hands them to `work`, and closes them. */
export function withStores<T>(work: (opened: Opened) => Promise<T>): Promise<T> {
  return withStoresOf(readConfig(process.env), work);
}

/** The same for what is only of use on a tape that is there: a look must not make one. */
export function withTape<T>(work: (opened: Opened) => Promise<T>): Promise<T> {
  const config = readConfig(process.env);
  const file = missingTape(config);
  if (file !== undefined) {
    throw new UserError(`there is no tape at ${file}: start one with "npm start", or name its folder with TAPEDECK_DATA`);
  }
  return withStoresOf(config, work);
}

/** The same for what can do without: `work` gets nothing where there is no tape. */
export function withTapeIfAny<T>(work: (opened: Opened | undefined) => Promise<T>): Promise<T> {
  const config = readConfig(process.env);
  return missingTape(config) === undefined ? withStoresOf(config, work) : work(undefined);
}

/** The file where the tape would be, if there is none. */
function missingTape({ eventStore }: Config): string | undefined {
  const file = eventStore.startsWith('sqlite:') ? eventStore.slice('sqlite:'.length) : undefined;
  return file === undefined || existsSync(file) ? undefined : file;
}

async function withStoresOf<T>(config: Config, work: (opened: Opened) => Promise<T>): Promise<T> {
  const events = await openEventStore(config.eventStore, systemClock);
  try {
    const reads = await openReadStore(config.readStore);
    try {
      return await work({ config, clock: systemClock, events, reads });
    } finally {
      await reads.close();
    }
  } finally {
    await events.close();
  }
}

/** Who acts from the command line, as recorded on the tape. */
export function cliActor({ user }: Config): string {
  return `cli:${user}`;
}
