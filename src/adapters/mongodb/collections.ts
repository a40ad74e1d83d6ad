/** The collections of the read store: what is in them, that they are there, and looking into them within a time. */

import type { Collection, Db } from 'mongodb';
import type { Time } from '../../ports/clock.ts';
import { StoreUnavailableError } from '../../ports/errors.ts';
import type { IndexDefinition } from '../../ports/read-store.ts';
import type { MongoDocument } from './document.ts';
import { isCollectionThere } from './errors.ts';
import { mongoIndex } from './find.ts';

/** How long the server itself may look for documents. */
export const FIND_MS = 10_000;
/** Documents that are asked for at once by their keys. */
export const MAX_KEYS = 1_000;
/** No read model's collection can have a name with a colon. */
const CHECKPOINTS = 'tapedeck:checkpoints';

interface Checkpoint {
  readonly _id: string;
  readonly position: bigint;
}

export function documentsOf(db: Db, name: string): Collection<MongoDocument> {
  return db.collection<MongoDocument>(name);
}

export function checkpointsOf(db: Db): Collection<Checkpoint> {
  return db.collection<Checkpoint>(CHECKPOINTS);
}

export async function makeCollection(db: Db, name: string): Promise<void> {
  try {
    await db.createCollection(name);
  } catch (error) {
    if (!isCollectionThere(error)) throw error;
  }
}

/** Those that are missing, one at a time: FerretDB 1 fails when two of one command are there already. */
export async function makeIndexes(db: Db, name: string, definitions: readonly IndexDefinition[]): Promise<void> {
  const collection = db.collection(name);
  const there = new Set((await collection.listIndexes().toArray()).map((index) => index.name));
  for (const { name, key } of definitions.map(mongoIndex)) {
    if (!there.has(name)) await collection.createIndex(key, { name });
  }
}

/** MongoDB would find nothing in a collection that is not there, and make it at the first write, without its indexes. */
export async function assertPrepared(db: Db, names: readonly string[]): Promise<void> {
  const found = await db.listCollections({ name: { $in: [...names] } }, { nameOnly: true }).toArray();
  const there = new Set(found.map(({ name }) => name));
  const missing = names.find((name) => !there.has(name));
  if (missing !== undefined) throw new Error(`the collection "${missing}" was not prepared`);
}

/**
 * What a look with the server's time limit has found. When that is over MongoDB says so; FerretDB 1 may hand out what it
 * has by then as if it were all: an answer that took as long counts as none.
 */
export async function inTime<T>(time: Time, look: () => Promise<T>): Promise<T> {
  const began = time.monotonic();
  const found = await look();
  if (time.monotonic() - began < FIND_MS) return found;
  throw new StoreUnavailableError('read store', `MongoDB needed longer than ${FIND_MS / 1_000} s to find something`);
}
