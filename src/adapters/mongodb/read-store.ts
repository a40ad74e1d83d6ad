/**
 * Read models in MongoDB, or in a server that speaks its protocol. No transaction is needed: each document is replaced
 * only by one of a higher position, and the checkpoint is written when all of them are.
 */

import { type Db, ObjectId } from 'mongodb';
import type { Time } from '../../ports/clock.ts';
import { StoreError } from '../../ports/errors.ts';
import { assertCollectionName, assertDefinition, assertQuery } from '../../ports/find-rules.ts';
import type {
  CollectionDefinition,
  DocumentWrite,
  FieldValue,
  FindQuery,
  FoundDocument,
  FoundText,
  ReadDocument,
  ReadStore,
  ShownText,
} from '../../ports/read-store.ts';
import { START } from '../../tape/envelope.ts';
import { shownText } from '../rules/shown-text.ts';
import { parseMongoAddress } from './address.ts';
import {
  assertPrepared,
  checkpointsOf,
  documentsOf,
  FIND_MS,
  inTime,
  MAX_KEYS,
  makeCollection,
  makeIndexes,
} from './collections.ts';
import { LONGEST_CHANGE_MS, MongoConnection, type MongoLimits } from './connection.ts';
import { type MongoDocument, mongoDocument } from './document.ts';
import { mongoFilter, mongoSort } from './find.ts';
import { keepHigher, raiseCheckpoint, replaceOlder } from './newer-wins.ts';

const LIMITS: MongoLimits = {
  serverSelectionTimeoutMS: 3_000,
  connectTimeoutMS: 3_000,
  waitQueueTimeoutMS: 5_000,
  socketTimeoutMS: 15_000,
  maxPoolSize: 20,
};
/**
 * What is changed next must be the newest there is. A server that has just taken over may not know yet of what it holds
 * that a majority has it, and would hand out the document before: what came between would be missing in the next one.
 * Should what it hands out be taken back, it was all the same what the tape makes of it.
 */
const NEWEST = { level: 'local' } as const;
const BULK_SIZE = 500;
/** FerretDB 1 keeps what each write of a command has looked at until its end, and stands still at a hundred. */
const BULK_SIZE_FERRETDB = 20;

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
    this.#connection = new MongoConnection(address, 'read store', LIMITS, time);
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
    }, LONGEST_CHANGE_MS);
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
    }, LONGEST_CHANGE_MS);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #writing<T>(work: (db: Db) => Promise<T>, longestMs?: number): Promise<T> {
    if (!this.#isWritable) {
      throw new StoreError(`the read store ${this.#connection.place} cannot be written: it was opened to read`);
    }
    return this.#connection.calling(work, longestMs);
  }

  async #sizeOfBulks(db: Db): Promise<number> {
    if (this.#bulkSize === undefined) {
      const { ferretdbVersion } = await db.admin().command({ buildInfo: 1 });
      this.#bulkSize = ferretdbVersion === undefined ? BULK_SIZE : BULK_SIZE_FERRETDB;
    }
    return this.#bulkSize;
  }
}

function* chunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}
