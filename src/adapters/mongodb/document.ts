/**
 * A document as MongoDB holds it: its text, which is what is handed out, byte for byte as any other store does, and
 * beside that its plain fields, to be found by. Field names of no collection begin with `_`.
 */

import type { ObjectId } from 'mongodb';
import { StoreError } from '../../ports/errors.ts';
import type { DocumentWrite, FieldValue } from '../../ports/read-store.ts';

export interface MongoDocument {
  /** The key. */
  readonly _id: string;
  /** 64 bits. */
  readonly _position: bigint;
  /** The commit that wrote it. */
  readonly _commit: ObjectId;
  /** The JSON of the document. */
  readonly _text: string;
  readonly [field: string]: unknown;
}

/** Of MongoDB: 16 MB a document; the text and the plain fields share them. */
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_POSITION = 2n ** 63n - 1n;
const FIELD = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/** Throws TypeError for what JSON cannot say, RangeError for a position of more than 63 bits, StoreError for what is too large. */
export function mongoDocument({ collection, key, document }: DocumentWrite, commit: ObjectId): MongoDocument {
  const _text = JSON.stringify(document);
  const _position = BigInt(document._position);
  if (_position > MAX_POSITION) throw new RangeError(`position ${document._position} has more than 63 bits`);
  const fields = foundBy(document);
  assertSize(collection, key, _text, fields);
  return { _id: key, _position, _commit: commit, _text, ...fields };
}

/** The plain values of a document: what is missing and what is null are the same, and both are left out. */
function foundBy(document: Readonly<Record<string, unknown>>): Record<string, FieldValue> {
  const fields: Record<string, FieldValue> = {};
  for (const [name, value] of Object.entries(document)) {
    if (typeof value !== 'string' && !(typeof value === 'number' && Number.isFinite(value))) continue;
    if (FIELD.test(name)) fields[name] = value;
  }
  return fields;
}

function assertSize(collection: string, key: string, text: string, fields: Readonly<Record<string, FieldValue>>): void {
  // A character has at most three bytes, and the fields are at most as long as the text: most are far below.
  if (text.length < MAX_BYTES / 8) return;
  const texts = Object.values(fields).filter((value) => typeof value === 'string');
  const bytes = [text, ...texts].reduce((sum, value) => sum + Buffer.byteLength(value), key.length * 3 + 10_000);
  if (bytes <= MAX_BYTES) return;
  throw new StoreError(
    `the document "${key}" of ${collection} has ${(bytes / 1024 / 1024).toFixed(1)} MB: MongoDB keeps at most 16 MB in one; let the read model keep less in a document`,
  );
}
