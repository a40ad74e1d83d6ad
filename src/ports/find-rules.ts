/**
 * The meaning of a find, the same for every read store: names, bounds, the documents that fit, and their order. Stores in
 * databases say it in their own language; finds in memory use these functions.
 */

import type { CollectionDefinition, FieldValue, FindQuery, ReadDocument } from './read-store.ts';

/** Throws RangeError unless it is a collection's name: lower case letters, digits, `@`, `.`, `_` and `-`. */
export function assertCollectionName(name: string): void {
  if (!/^[a-z0-9@._-]{1,100}$/.test(name)) {
    throw new RangeError(`"${name}" is not a collection's name: use lower case letters, digits, "@", ".", "_" and "-"`);
  }
}

/** Throws RangeError unless it names a field of a document; `_position` is text, its order would be wrong. */
export function assertFieldName(field: string): void {
  if (!/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(field)) {
    throw new RangeError(`"${field}" is not a field that can be searched: use a letter, then letters, digits and "_"`);
  }
}

export function assertDefinition(definition: CollectionDefinition): void {
  assertCollectionName(definition.name);
  for (const index of definition.indexes) {
    if (index.length === 0) throw new RangeError(`collection "${definition.name}" has an index without fields`);
    for (const field of index) assertFieldName(field);
  }
}

/** Throws RangeError for a query that no store can answer. */
export function assertQuery(query: FindQuery): void {
  assertCollectionName(query.collection);
  for (const field of Object.keys(query.equal ?? {})) assertFieldName(field);
  if (query.range !== undefined) assertRange(query.range);
  assertFieldName(query.sort.field);
  if (!Number.isSafeInteger(query.limit) || query.limit < 0) throw new RangeError(`${query.limit} is not a limit`);
}

function assertRange({ field, from, to }: NonNullable<FindQuery['range']>): void {
  assertFieldName(field);
  if (from != null && to != null && typeof from !== typeof to) {
    throw new RangeError(`the range of "${field}" has bounds of two kinds, ${typeof from} and ${typeof to}`);
  }
}

/** Values that fit one field's condition, each once. */
export function wantedValues(wanted: FieldValue | readonly FieldValue[]): readonly FieldValue[] {
  return Array.isArray(wanted) ? [...new Set(wanted)] : [wanted as FieldValue];
}

/** A field's value for finding and sorting: missing is null. */
export function fieldOf(document: ReadDocument, field: string): FieldValue {
  return (document[field] ?? null) as FieldValue;
}

/** Does the document fit the query's conditions? */
export function fits(document: ReadDocument, { equal, range }: Pick<FindQuery, 'equal' | 'range'>): boolean {
  for (const [field, wanted] of Object.entries(equal ?? {})) {
    if (!wantedValues(wanted).includes(fieldOf(document, field))) return false;
  }
  if (range === undefined) return true;
  const value = fieldOf(document, range.field);
  // A range holds values of its bounds' kind only.
  const isWithin = (bound: FieldValue | undefined, sign: number): boolean =>
    bound === undefined || bound === null || (typeof value === typeof bound && compareValues(value, bound) * sign >= 0);
  return isWithin(range.from, 1) && isWithin(range.to, -1) && (range.to == null || compareValues(value, range.to) !== 0);
}

/** A document's place in a list: its value of the field that the list is sorted by, then its key. */
export interface Place {
  readonly value: FieldValue;
  readonly key: string;
}

/** The order of a list. Negative, zero or positive. */
export function comparePlaces(a: Place, b: Place, { isDescending }: Pick<FindQuery['sort'], 'isDescending'>): number {
  return (isDescending ? -1 : 1) * (compareValues(a.value, b.value) || compareTexts(a.key, b.key));
}

/** The order of values: null (or missing), numbers, texts by code point. Negative, zero or positive. */
function compareValues(a: FieldValue, b: FieldValue): number {
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return rank(a) - rank(b);
}

function rank(value: FieldValue): number {
  return value === null ? 0 : typeof value === 'number' ? 1 : 2;
}

/** By code point, which is the order of the bytes in UTF-8 that databases use; `<` compares UTF-16 units. */
export function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return isSurrogate(left) === isSurrogate(right) ? left - right : isSurrogate(left) ? 1 : -1;
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
