/**
 * Read models in MongoDB, or in a server that speaks its protocol. No transaction is needed: each document is replaced
 * only by one of a higher position, and the checkpoint is written when all of them are.
 */

import { type Collection, type Db, ObjectId } from 'mongodb';
import type { Time } from '../../ports/clock.ts';
import { StoreError, StoreUnavailableError } from '../../ports/errors.ts';
import { assertCollectionName, assertDefinition, assertQuery } from '../../ports/find-rules.ts';
import type {
  CollectionDefinition,
  DocumentWrite,
  FieldValue,
  FindQuery,
  FoundDocument,
  FoundText,
  IndexDefinition,
  ReadDocument,
  ReadStore,
  ShownText,
} from '../../ports/read-store.ts';
import { START } from '../../tape/envelope.ts';
import { pause } from '../../waiting.ts';
import { shownText } from '../rules/shown-text.ts';
import { parseMongoAddress } from './address.ts';
import { MongoConnection, type MongoLimits } from './connection.ts';
import { type MongoDocument, mongoDocument } from './document.ts';
import { isCollectionThere, isDuplicateKey } from './errors.ts';
import { mongoFilter, mongoIndex, mongoSort } from './find.ts';

const LIMITS: MongoLimits = {
  serverSelectionTimeoutMS: 3_000,
  connectTimeoutMS: 3_000,
  waitQueueTimeoutMS: 5_000,
  socketTimeoutMS: 15_000,
  maxPoolSize: 20,
};
/** How long the server itself may look for documents. */
const FIND_MS = 10_000;
/**
 * What is changed next must be the newest there is. A server that has just taken over may not know yet of what it holds
 * that a majority has it, and would hand out the document before: what came between would be missing in the next one.
 * Should what it hands out be taken back, it was all the same what the tape makes of it.
 */
const NEWEST = { level: 'local' } as const;
const MAX_KEYS = 1_000;
const BULK_SIZE = 500;
/** FerretDB 1 keeps what each write of a command has looked at until its end, and stands still at a hundred. */
const BULK_SIZE_FERRETDB = 20;
/** Tries of writes that others were quicker with, though what those wrote is not newer. */
const MAX_ROUNDS = 20;
/** No read model's collection can have a name with a colon. */
const CHECKPOINTS = 'tapedeck:checkpoints';

interface Checkpoint {
  readonly _id: string;
  readonly position: bigint;
}

/** Opens the read store at a `mongodb://` address. Throws StoreError for one that cannot be; the server is asked later. */
export async function openMongoReadStore(address: string, time: Time): Promise<ReadStore> {
  return new MongoReadStore(address, time, true);
}

/** Opens the read store at a `mongodb://` address for reading only: every write fails. */
export async function openMongoReadStoreToRead(address: string, time: Time): Promise<ReadStore> {
  return new MongoReadStore(address, time, false);
}

class MongoReadStore implements ReadStore {
  readonly #connection: MongoConnection;
  readonly #time: Time;
  readonly #isWritable: boolean;
  #bulkSize: number | undefined;

  constructor(text: string, time: Time, isWritable: boolean) {
    this.#time = time;
    const address = parseMongoAddress(text);
    this.#connection = new MongoConnection(address, 'read store', LIMITS);
    this.#isWritable = isWritable;
    this.#bulkSize = address.bulkSize;
  }

  async prepare(collections: readonly CollectionDefinition[]): Promise<void> {
    for (const definition of collections) assertDefinition(definition);
    await this.#writing(async (db) => {
      for (const { name, indexes } of collections) {
        await makeCollection(db, name);
        if (indexes.length > 0) await makeIndexes(db, name, indexes);
      }
    });
  }

  async load(collection: string, keys: readonly string[]): Promise<ReadonlyMap<string, ReadDocument>> {
    assertCollectionName(collection);
    return this.#connection.calling(async (db) => {
      const loaded = new Map<string, ReadDocument>();
      for (const some of chunks(keys, MAX_KEYS)) {
        const found = documentsOf(db, collection).find(
          { _id: { $in: [...some] } },
          { projection: { _text: 1 }, batchSize: MAX_KEYS, maxTimeMS: FIND_MS, readConcern: NEWEST },
        );
        for (const { _id, _text } of await inTime(this.#time, () => found.toArray()))
          loaded.set(_id, JSON.parse(_text) as ReadDocument);
      }
      if (loaded.size === 0) await assertPrepared(db, [collection]);
      return loaded;
    });
  }

  async loadText(collection: string, key: string): Promise<ShownText | undefined> {
    assertCollectionName(collection);
    return this.#connection.calling(async (db) => {
      const options = { projection: { _text: 1 }, maxTimeMS: FIND_MS };
      const found = await inTime(this.#time, () => documentsOf(db, collection).findOne({ _id: key }, options));
      if (found === null) await assertPrepared(db, [collection]);
      return found === null ? undefined : shownText(found._text);
    });
  }

  async commit(projection: string, writes: readonly DocumentWrite[], position: string): Promise<ReadonlySet<string>> {
    // All that can fail here comes first: nothing is written by halves.
    const commit = new ObjectId();
    const prepared = new Map<string, Map<string, MongoDocument>>();
    for (const write of writes) {
      assertCollectionName(write.collection);
      const documents = prepared.get(write.collection) ?? new Map<string, MongoDocument>();
      prepared.set(write.collection, documents);
      keepHigher(documents, mongoDocument(write, commit));
    }
    return this.#writing(async (db) => {
      if (prepared.size > 0) await assertPrepared(db, [...prepared.keys()]);
      const written = new Set<string>();
      for (const [name, documents] of prepared) {
        const size = await this.#sizeOfBulks(db);
        for (const some of chunks([...documents.values()], size)) {
          const keys = await replaceOlder(this.#time, documentsOf(db, name), some, this.#connection.place);
          for (const key of keys) written.add(`${name}/${key}`);
        }
      }
      await raiseCheckpoint(db, projection, BigInt(position));
      return written;
    });
  }

  async checkpoint(projection: string): Promise<string> {
    return this.#connection.calling(async (db) => {
      const found = await inTime(this.#time, () => checkpointsOf(db).findOne({ _id: projection }, { maxTimeMS: FIND_MS }));
      return found === null ? START : String(found.position);
    });
  }

  async find(query: FindQuery): Promise<FoundDocument[]> {
    const page = await this.#page(query);
    return page.map(({ key, text }) => ({ key, document: JSON.parse(text) as ReadDocument }));
  }

  async findTexts(query: FindQuery): Promise<readonly FoundText[]> {
    const page = await this.#page(query);
    return page.map(({ key, text, value }) => ({ key, value, ...shownText(text) }));
  }

  async #page(query: FindQuery): Promise<{ readonly key: string; readonly text: string; readonly value: FieldValue }[]> {
    assertQuery(query);
    return this.#connection.calling(async (db) => {
      const filter = query.limit === 0 ? undefined : mongoFilter(query);
      const { field } = query.sort;
      const found =
        filter === undefined
          ? []
          : await inTime(this.#time, () =>
              documentsOf(db, query.collection)
                .find(filter, {
                  sort: mongoSort(query),
                  limit: query.limit,
                  batchSize: query.limit,
                  projection: { _text: 1, [field]: 1 },
                  maxTimeMS: FIND_MS,
                })
                .toArray(),
            );
      if (found.length === 0) await assertPrepared(db, [query.collection]);
      return found.map((document) => ({
        key: document._id,
        text: document._text,
        value: (document[field] ?? null) as FieldValue,
      }));
    });
  }

  async drop(projection: string, collections: readonly string[]): Promise<void> {
    for (const name of collections) assertCollectionName(name);
    await this.#writing(async (db) => {
      // First: a checkpoint without its documents would pass over events, documents without a checkpoint do not.
      await checkpointsOf(db).deleteOne({ _id: projection });
      for (const name of collections) await db.collection(name).drop();
    });
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #writing<T>(work: (db: Db) => Promise<T>): Promise<T> {
    if (!this.#isWritable) {
      throw new StoreError(`the read store ${this.#connection.place} cannot be written: it was opened to read`);
    }
    return this.#connection.calling(work);
  }

  async #sizeOfBulks(db: Db): Promise<number> {
    if (this.#bulkSize === undefined) {
      const { ferretdbVersion } = await db.admin().command({ buildInfo: 1 });
      this.#bulkSize = ferretdbVersion === undefined ? BULK_SIZE : BULK_SIZE_FERRETDB;
    }
    return this.#bulkSize;
  }
}

function documentsOf(db: Db, name: string): Collection<MongoDocument> {
  return db.collection<MongoDocument>(name);
}

function checkpointsOf(db: Db): Collection<Checkpoint> {
  return db.collection<Checkpoint>(CHECKPOINTS);
}

async function makeCollection(db: Db, name: string): Promise<void> {
  try {
    await db.createCollection(name);
  } catch (error) {
    if (!isCollectionThere(error)) throw error;
  }
}

/** Those that are missing, one at a time: FerretDB 1 fails when two of one command are there already. */
async function makeIndexes(db: Db, name: string, definitions: readonly IndexDefinition[]): Promise<void> {
  const collection = db.collection(name);
  const there = new Set((await collection.listIndexes().toArray()).map((index) => index.name));
  for (const { name, key } of definitions.map(mongoIndex)) {
    if (!there.has(name)) await collection.createIndex(key, { name });
  }
}

/** MongoDB would find nothing in a collection that is not there, and make it at the first write, without its indexes. */
async function assertPrepared(db: Db, names: readonly string[]): Promise<void> {
  const found = await db.listCollections({ name: { $in: [...names] } }, { nameOnly: true }).toArray();
  const there = new Set(found.map(({ name }) => name));
  const missing = names.find((name) => !there.has(name));
  if (missing !== undefined) throw new Error(`the collection "${missing}" was not prepared`);
}

/** Of two writes of one key the higher stays, as if they had been made one after the other. */
function keepHigher(documents: Map<string, MongoDocument>, document: MongoDocument): void {
  const other = documents.get(document._id);
  if (other === undefined || other._position < document._position) documents.set(document._id, document);
}

/**
 * Replaces each document by the newer one, or adds it, and tells the keys of those that were written. Where the stored
 * one is not older, the guarded replacement finds nothing, tries to add it, and the key is there already. Which ones
 * those were, and which came after them, servers tell in different ways: what is stored says it for all. Of a document
 * that somebody else has replaced by a still newer one meanwhile, it is told that it was not written.
 */
async function replaceOlder(
  time: Time,
  collection: Collection<MongoDocument>,
  documents: readonly MongoDocument[],
  place: string,
): Promise<readonly string[]> {
  const written: string[] = [];
  let rest = documents;
  for (let round = 1; rest.length > 0; round++) {
    if (await tryReplacing(collection, rest)) return [...written, ...rest.map(({ _id }) => _id)];
    if (round === MAX_ROUNDS) {
      throw new StoreUnavailableError(
        'read store',
        `MongoDB at ${place} did not take ${rest.length} documents: others kept writing them`,
      );
    }
    // What was added just now by somebody else may not be with the majority yet.
    if (round > 1) await pause(time, 10 * round);
    const stored = await storedOf(time, collection, rest);
    const left: MongoDocument[] = [];
    for (const document of rest) {
      const { _commit, _position } = stored.get(document._id) ?? {};
      if (_commit?.equals(document._commit) === true) written.push(document._id);
      else if (_position === undefined || _position < document._position) left.push(document);
    }
    rest = left;
  }
  return written;
}

/** False when the key of one of them was there already with a document that is not older; of the others some are written. */
async function tryReplacing(collection: Collection<MongoDocument>, documents: readonly MongoDocument[]): Promise<boolean> {
  try {
    await collection.bulkWrite(
      documents.map((replacement) => ({
        replaceOne: { filter: { _id: replacement._id, _position: { $lt: replacement._position } }, replacement, upsert: true },
      })),
      { ordered: false },
    );
    return true;
  } catch (error) {
    // A write that no majority has kept yet is told before a key that is there: it is none of these.
    if (!isDuplicateKey(error)) throw error;
    return false;
  }
}

async function storedOf(
  time: Time,
  collection: Collection<MongoDocument>,
  documents: readonly MongoDocument[],
): Promise<ReadonlyMap<string, Pick<MongoDocument, '_position' | '_commit'>>> {
  const found = collection.find(
    { _id: { $in: documents.map(({ _id }) => _id) } },
    { projection: { _position: 1, _commit: 1 }, batchSize: MAX_KEYS, maxTimeMS: FIND_MS },
  );
  const stored = await inTime(time, () => found.toArray());
  return new Map(stored.map((document) => [document._id, document]));
}

/**
 * What a look with the server's time limit has found. When that is over MongoDB says so; FerretDB 1 may hand out what it
 * has by then as if it were all: an answer that took as long counts as none.
 */
async function inTime<T>(time: Time, look: () => Promise<T>): Promise<T> {
  const began = time.monotonic();
  const found = await look();
  if (time.monotonic() - began < FIND_MS) return found;
  throw new StoreUnavailableError('read store', `MongoDB needed longer than ${FIND_MS / 1_000} s to find something`);
}

/** Never back. Two that add it at the same time: one of them finds it there. */
async function raiseCheckpoint(db: Db, projection: string, position: bigint): Promise<void> {
  for (let round = 1; ; round++) {
    try {
      await checkpointsOf(db).updateOne({ _id: projection }, { $max: { position } }, { upsert: true });
      return;
    } catch (error) {
      if (!isDuplicateKey(error) || round === MAX_ROUNDS) throw error;
    }
  }
}

function* chunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}
