/**
 * Leases in MongoDB, for instances on many machines: in the database of the read models, by a connection of their own,
 * so that to raise a lease never waits for a batch of documents. Losing them costs the time of one lease, not truth.
 */

import type { Collection, Db } from 'mongodb';
import type { Time } from '../../ports/clock.ts';
import type { LeaseRecord, Leases } from '../../ports/leases.ts';
import { assertLeaseName } from '../rules/lease-rules.ts';
import { parseMongoAddress } from './address.ts';
import { MongoConnection, type MongoLimits } from './connection.ts';
import { isDuplicateKey } from './errors.ts';

/** A lease that cannot be raised for this long is as good as lost. */
const LIMITS: MongoLimits = {
  serverSelectionTimeoutMS: 2_000,
  connectTimeoutMS: 2_000,
  waitQueueTimeoutMS: 2_000,
  socketTimeoutMS: 4_000,
  maxPoolSize: 4,
};
/** No read model's collection can have a name with a colon. */
const LEASES = 'tapedeck:leases';

interface StoredLease {
  readonly _id: string;
  readonly owner: string | null;
  readonly holder: string;
  readonly epoch: bigint;
  readonly counter: bigint;
}

/** Opens the leases, which are kept with the read models, at a `mongodb://` address. Throws StoreError for one that cannot be. */
export async function openMongoLeases(address: string, time: Time): Promise<Leases> {
  return new MongoLeases(new MongoConnection(parseMongoAddress(address), 'leases', LIMITS, time));
}

class MongoLeases implements Leases {
  readonly #connection: MongoConnection;

  constructor(connection: MongoConnection) {
    this.#connection = connection;
  }

  read(): Promise<ReadonlyMap<string, LeaseRecord>> {
    return this.#connection.calling(async (db) => {
      const stored = await leasesOf(db).find().sort({ _id: 1 }).toArray();
      return new Map(stored.map((lease) => [lease._id, recordOf(lease)]));
    });
  }

  async compareAndSet(name: string, seen: number | null, next: LeaseRecord): Promise<boolean> {
    assertLeaseName(name);
    const lease = storedLease(name, next);
    return this.#connection.calling((db) => (seen === null ? add(db, lease) : replace(db, BigInt(seen), lease)));
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}

async function add(db: Db, lease: StoredLease): Promise<boolean> {
  try {
    await leasesOf(db).insertOne(lease);
    return true;
  } catch (error) {
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}

async function replace(db: Db, seen: bigint, lease: StoredLease): Promise<boolean> {
  const { matchedCount } = await leasesOf(db).replaceOne({ _id: lease._id, counter: seen }, lease);
  return matchedCount === 1;
}

function leasesOf(db: Db): Collection<StoredLease> {
  return db.collection<StoredLease>(LEASES);
}

function storedLease(name: string, { owner, holder, epoch, counter }: LeaseRecord): StoredLease {
  return { _id: name, owner, holder, epoch: BigInt(epoch), counter: BigInt(counter) };
}

function recordOf({ owner, holder, epoch, counter }: StoredLease): LeaseRecord {
  return { owner, holder, epoch: Number(epoch), counter: Number(counter) };
}
