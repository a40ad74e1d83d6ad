/**
 * A connection to MongoDB, or to a server that speaks its protocol: what is asked of every call, and what its errors
 * mean. Opening one does not wait; the first call connects, and each later call connects again where needed.
 */

import { type Db, MongoClient, type MongoClientOptions } from 'mongodb';
import type { Time } from '../../ports/clock.ts';
import { StoreError, StoreUnavailableError } from '../../ports/errors.ts';
import { within } from '../../waiting.ts';
import type { MongoAddress } from './address.ts';
import { type DriverOptions, WatchedConnection } from './driver-connection.ts';
import { explainMongoError } from './errors.ts';

/**
 * No call takes longer, whatever it is made of. Shorter than an end may take, which waits for what is in hand; it is
 * begun again, and each may be.
 */
const LONGEST_CALL_MS = 7_000;
/** For what may have much to do: making indexes, and dropping collections. */
export const LONGEST_CHANGE_MS = 60_000;

/** Limits of a connection; the address may name others. Milliseconds. */
export interface MongoLimits {
  /** How long a call waits for a server that can take it. */
  readonly serverSelectionTimeoutMS: number;
  readonly connectTimeoutMS: number;
  /** How long a call waits for one of the connections. */
  readonly waitQueueTimeoutMS: number;
  /** How long one command may take; the driver itself would wait for ever. */
  readonly socketTimeoutMS: number;
  readonly maxPoolSize: number;
}

/**
 * What was told to be written is kept by a majority of the servers, and what is read is such, from the one that takes
 * the writes: it is never taken back.
 */
const FIXED: MongoClientOptions & DriverOptions = {
  writeConcern: { w: 'majority', wtimeoutMS: 10_000 },
  readConcern: { level: 'majority' },
  readPreference: 'primary',
  connectionType: WatchedConnection,
};

export class MongoConnection {
  /** For people: the hosts and the database, without secrets. */
  readonly place: string;
  readonly #db: Db;
  readonly #what: string;
  readonly #time: Time;
  readonly #client: MongoClient;
  #isClosed = false;

  /** `what` it is for, as a person knows it. Throws StoreError for an address that cannot be one. */
  constructor(address: MongoAddress, what: string, limits: MongoLimits, time: Time) {
    this.#what = what;
    this.#time = time;
    this.place = address.place;
    this.#client = connect(address, limits);
    // Positions and counters are exact integers of 64 bits.
    this.#db = this.#client.db(address.database, { useBigInt64: true });
  }

  /** Throws what `work` threw as StoreUnavailableError where waiting mends it, as StoreError where a person has to. */
  async calling<T>(work: (db: Db) => Promise<T>, longestMs = LONGEST_CALL_MS): Promise<T> {
    this.#assertOpen();
    try {
      const call = async (): Promise<T> => {
        await this.#connect();
        return work(this.#db);
      };
      return await within(this.#time, longestMs, call, (ms) => this.#late(ms));
    } catch (error) {
      this.#assertOpen();
      throw explainMongoError(error, this.#what, this.place);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#client.close();
  }

  /** Done when it is connected already. Left to the driver, a connection whose first call failed would fail for ever. */
  async #connect(): Promise<void> {
    await this.#client.connect();
    if (this.#isClosed) await this.#client.close();
  }

  #late(ms: number): StoreUnavailableError {
    return new StoreUnavailableError(
      'read store',
      `MongoDB at ${this.place} has not answered the ${this.#what} for ${ms / 1_000} s`,
    );
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new StoreError(`the ${this.#what} ${this.place} is closed`);
  }
}

function connect({ uri, options, place }: MongoAddress, limits: MongoLimits): MongoClient {
  const given = new Set(options.map((name) => name.toLowerCase()));
  const defaults = Object.fromEntries(Object.entries(limits).filter(([name]) => !given.has(name.toLowerCase())));
  try {
    return new MongoClient(uri, { appName: 'tapedeck', ...defaults, ...FIXED });
  } catch (error) {
    // The driver's own words may repeat a part of the address: only names of options are safe to show.
    const unknown = /^options? ([\w, ]+) (?:is|are) not supported$/.exec((error as Error).message)?.[1];
    const reason = unknown === undefined ? 'look at its hosts and options' : `it knows no option "${unknown}"`;
    throw new StoreError(`the address of MongoDB at ${place} cannot be used: ${reason}`);
  }
}
