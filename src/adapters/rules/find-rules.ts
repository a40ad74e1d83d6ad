/** What a find means, the same behind every embedded read store: names, the order of values, bounds. */

import type { CollectionDefinition, FieldValue, FindQuery } from '../../ports/read-store.ts';

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

/** The order of values: null (or missing), numbers, texts by code point. Negative, zero or positive. */
export function compareValues(a: FieldValue, b: FieldValue): number {
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
