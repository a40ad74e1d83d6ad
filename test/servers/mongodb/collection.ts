/** A collection of the small MongoDB of the tests: its documents, and what filters, sorts and updates mean. */

import type { Document } from 'mongodb';

export class DuplicateKeyError extends Error {}

export class MemoryCollection {
  readonly documents = new Map<string, Document>();
  /** Names of indexes. */
  readonly indexes = new Map<string, Document>([['_id_', { _id: 1 }]]);

  find(filter: Document, sort: Document = {}, limit = 0): Document[] {
    const found = [...this.documents.values()].filter((document) => fits(document, filter));
    found.sort((a, b) => {
      for (const [field, direction] of Object.entries(sort)) {
        const order = compare(a[field], b[field]) * Number(direction);
        if (order !== 0) return order;
      }
      return 0;
    });
    return limit === 0 ? found : found.slice(0, limit);
  }

  insert(document: Document): void {
    if (this.documents.has(document._id)) throw new DuplicateKeyError();
    this.documents.set(document._id, document);
  }

  /** One document, by a whole other one or by `$max`; adds it when none is found and `upsert` is set. */
  update({ q, u, upsert }: Document): 'matched' | 'upserted' | 'nothing' {
    const [found] = this.find(q, {}, 1);
    if (found === undefined && upsert !== true) return 'nothing';
    const { $max, ...replacement } = u;
    const next = $max === undefined ? replacement : { _id: q._id, ...found };
    for (const [field, value] of Object.entries($max ?? {})) {
      if (next[field] === undefined || compare(value, next[field]) > 0) next[field] = value;
    }
    if (found === undefined) this.insert(next);
    else this.documents.set(found._id, { ...next, _id: found._id });
    return found === undefined ? 'upserted' : 'matched';
  }
}

function fits(document: Document, filter: Document): boolean {
  return Object.entries(filter).every(([name, condition]) => {
    if (name === '$and') return (condition as Document[]).every((part) => fits(document, part));
    if (name === '$or') return (condition as Document[]).some((part) => fits(document, part));
    return holds(document[name], condition);
  });
}

function holds(value: unknown, condition: unknown): boolean {
  if (condition === null || typeof condition !== 'object') return isEqual(value, condition);
  return Object.entries(condition).every(([operator, bound]) => {
    if (operator === '$in') return (bound as unknown[]).some((wanted) => isEqual(value, wanted));
    // Comparisons hold for values of the bound's kind only.
    if (rank(value) !== rank(bound)) return false;
    const order = compare(value, bound);
    if (operator === '$lt') return order < 0;
    if (operator === '$gt') return order > 0;
    if (operator === '$gte') return order >= 0;
    throw new Error(`the operator ${operator} was not expected`);
  });
}

function isEqual(value: unknown, wanted: unknown): boolean {
  return rank(value) === rank(wanted) && compare(value, wanted) === 0;
}

/** Null or missing, then numbers, then texts by their bytes. */
function compare(a: unknown, b: unknown): number {
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (rank(a) === 0) return 0;
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
}

function rank(value: unknown): number {
  return value === null || value === undefined ? 0 : typeof value === 'string' ? 2 : 1;
}
