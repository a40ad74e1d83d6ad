/** Writing without transactions: a document is replaced only by a newer one, and a checkpoint only raised. */

import type { Collection, Db } from 'mongodb';
import type { Time } from '../../ports/clock.ts';
import { StoreUnavailableError } from '../../ports/errors.ts';
import { pause } from '../../waiting.ts';
import { checkpointsOf, FIND_MS, inTime, MAX_KEYS } from './collections.ts';
import type { MongoDocument } from './document.ts';
import { isDuplicateKey } from './errors.ts';

/** Tries of writes that others were quicker with, though what those wrote is not newer. */
const MAX_ROUNDS = 20;

/** Of two writes of one key the higher stays, as if they had been made one after the other. */
export function keepHigher(documents: Map<string, MongoDocument>, document: MongoDocument): void {
  const other = documents.get(document._id);
  if (other === undefined || other._position < document._position) documents.set(document._id, document);
}

/**
 * Replaces each document by the newer one, or adds it, and tells the keys of those that were written. Where the stored
 * one is not older, the guarded replacement finds nothing, tries to add it, and the key is there already. Which ones
 * those were, and which came after them, servers tell in different ways: what is stored says it for all. Of a document
 * that somebody else has replaced by a still newer one meanwhile, it is told that it was not written.
 */
export async function replaceOlder(
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

/** Never back. Two that add it at the same time: one of them finds it there. */
export async function raiseCheckpoint(db: Db, projection: string, position: bigint): Promise<void> {
  for (let round = 1; ; round++) {
    try {
      await checkpointsOf(db).updateOne({ _id: projection }, { $max: { position } }, { upsert: true });
      return;
    } catch (error) {
      if (!isDuplicateKey(error) || round === MAX_ROUNDS) throw error;
    }
  }
}
