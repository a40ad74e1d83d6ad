/** Opens the configuration and the stores for a command, and closes them whatever happens. */

import { existsSync } from 'node:fs';
import { openEventStore, openLeases, openReadStore } from '../adapters/open.ts';
import { systemTime } from '../adapters/system-time.ts';
import { type Config, readConfig } from '../config/environment.ts';
import { UserError } from '../domain/user-error.ts';
import type { Time } from '../ports/clock.ts';
import { type EventStore, hasLock } from '../ports/event-store.ts';
import type { Leases } from '../ports/leases.ts';
import type { ReadStore } from '../ports/read-store.ts';
import { withEventIndex } from '../queries/indexed-tape.ts';
import { findDamage } from '../queries/tape-damage.ts';

export interface OpenStores {
  readonly config: Config;
  readonly time: Time;
  readonly events: EventStore;
  readonly reads: ReadStore;
  /** Of the instances on these stores; null where the tape's own lock says who does what. */
  readonly leases: Leases | null;
}

/** Opens the stores that the environment names, making them where there are none, hands them to `work`, and closes them. */
export function withStores<T>(work: (stores: OpenStores) => Promise<T>): Promise<T> {
  return withStoresOf(readConfig(process.env), work);
}

/** The same for what is only of use on a tape that is there: a look must not make one. */
export function withTape<T>(work: (stores: OpenStores) => Promise<T>): Promise<T> {
  const config = readConfig(process.env);
  const file = missingTape(config);
  if (file !== undefined) {
    throw new UserError(`there is no tape at ${file}: start one with "npm start", or name its folder with TAPEDECK_DATA`);
  }
  return withStoresOf(config, work);
}

/** The same for what can do without: `work` gets nothing where there is no tape. */
export function withTapeIfAny<T>(work: (stores: OpenStores | undefined) => Promise<T>): Promise<T> {
  const config = readConfig(process.env);
  return missingTape(config) === undefined ? withStoresOf(config, work) : work(undefined);
}

/** The file where the tape would be, if there is none. */
function missingTape({ eventStore }: Config): string | undefined {
  const file = eventStore.startsWith('sqlite:') ? eventStore.slice('sqlite:'.length) : undefined;
  return file === undefined || existsSync(file) ? undefined : file;
}

async function withStoresOf<T>(config: Config, work: (stores: OpenStores) => Promise<T>): Promise<T> {
  const events = await openEventStore(config.eventStore, systemTime);
  try {
    const reads = await openReadStore(config.readStore, systemTime);
    const findable = withEventIndex(events, reads);
    try {
      return await withLeases(config, events, (leases) => work({ config, time: systemTime, events: findable, reads, leases }));
    } catch (error) {
      throw await explained(error, events);
    } finally {
      await reads.close();
    }
  } finally {
    await events.close();
  }
}

/** So long damage is looked for: whoever waits is to be told of the failure. */
const LOOK_MS = 30_000;

/** What is no mistake of a user, nor a refusal of the system, may come of a damaged tape: then that is what is told. */
async function explained(error: unknown, events: EventStore): Promise<unknown> {
  if (error instanceof UserError || !(error instanceof Error) || 'syscall' in error || !hasLock(events)) return error;
  return (await findDamage(events, systemTime, LOOK_MS)) ?? error;
}

async function withLeases<T>({ readStore }: Config, events: EventStore, work: (leases: Leases | null) => Promise<T>): Promise<T> {
  if (hasLock(events)) return work(null);
  const leases = await openLeases(readStore, systemTime);
  try {
    return await work(leases);
  } finally {
    await leases.close();
  }
}

/** The actor at the command line, as recorded on the tape. */
export function cliActor({ user }: Config): string {
  return `cli:${user}`;
}
