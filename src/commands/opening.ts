/** What every command opens: the configuration and the stores, closed again whatever happens. */

import { openEventStore, openReadStore } from '../adapters/open.ts';
import { type Config, readConfig } from '../config.ts';
import type { Clock, EventStore, ReadStore } from '../ports.ts';

export interface Opened {
  readonly config: Config;
  readonly clock: Clock;
  readonly events: EventStore;
  readonly reads: ReadStore;
}

const systemClock: Clock = { now: () => Date.now() };

/** Opens the stores that the environment names, hands them to `work`, and closes them. */
export async function withStores<T>(work: (opened: Opened) => Promise<T>): Promise<T> {
  const config = readConfig(process.env);
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
export function cliActor(): string {
  return `cli:${process.env.USER ?? 'unknown'}`;
}
