/** Read models in memory: the same rules and the same round trip through JSON, and gone with the process. */

import { StoreError } from '../../ports/errors.ts';
import {
  assertCollectionName,
  assertDefinition,
  assertQuery,
  comparePlaces,
  fieldOf,
  fits,
  type Place,
} from '../../ports/find-rules.ts';
import type {
  CollectionDefinition,
  DocumentWrite,
  FindQuery,
  FoundDocument,
  FoundText,
  ReadDocument,
  ReadStore,
  ShownText,
} from '../../ports/read-store.ts';
import { comparePositions, START } from '../../tape/envelope.ts';
import { shownText } from '../rules/shown-text.ts';

interface Stored {
  /** As a database would keep it; parsed for each reader, so that none changes another's. */
  readonly text: string;
  /** For searching; never handed out. */
  readonly document: ReadDocument;
}

export function openMemoryReadStore(): ReadStore {
  return new MemoryReadStore();
}

class MemoryReadStore implements ReadStore {
  readonly #collections = new Map<string, Map<string, Stored>>();
  readonly #checkpoints = new Map<string, string>();
  #isClosed = false;

  async prepare(collections: readonly CollectionDefinition[]): Promise<void> {
    this.#assertOpen();
    for (const definition of collections) assertDefinition(definition);
    for (const { name } of collections) {
      if (!this.#collections.has(name)) this.#collections.set(name, new Map());
    }
  }

  async load(collection: string, keys: readonly string[]): Promise<ReadonlyMap<string, ReadDocument>> {
    const documents = this.#collection(collection);
    const loaded = new Map<string, ReadDocument>();
    for (const key of keys) {
      const stored = documents.get(key);
      if (stored !== undefined) loaded.set(key, JSON.parse(stored.text) as ReadDocument);
    }
    return loaded;
  }

  async loadText(collection: string, key: string): Promise<ShownText | undefined> {
    const stored = this.#collection(collection).get(key);
    return stored === undefined ? undefined : shownText(stored.text);
  }

  async commit(projection: string, writes: readonly DocumentWrite[], position: string): Promise<ReadonlySet<string>> {
    this.#assertOpen();
    // All that can fail comes first: nothing is written by halves.
    const prepared = writes.map((write) => {
      const text = JSON.stringify(write.document);
      return { ...write, documents: this.#collection(write.collection), text };
    });
    const written = new Set<string>();
    for (const { collection, documents, key, text } of prepared) {
      const document = JSON.parse(text) as ReadDocument;
      const before = documents.get(key);
      if (before !== undefined && comparePositions(before.document._position, document._position) >= 0) continue;
      documents.set(key, { text, document });
      written.add(`${collection}/${key}`);
    }
    const reached = this.#checkpoints.get(projection) ?? START;
    this.#checkpoints.set(projection, comparePositions(position, reached) > 0 ? position : reached);
    return written;
  }

  async checkpoint(projection: string): Promise<string> {
    this.#assertOpen();
    return this.#checkpoints.get(projection) ?? START;
  }

  async find(query: FindQuery): Promise<FoundDocument[]> {
    return this.#page(query).map(({ key, text }) => ({ key, document: JSON.parse(text) as ReadDocument }));
  }

  async findTexts(query: FindQuery): Promise<readonly FoundText[]> {
    return this.#page(query).map(({ key, text, value }) => ({ key, value, ...shownText(text) }));
  }

  #page(query: FindQuery): (Place & { readonly text: string })[] {
    assertQuery(query);
    const { sort, after, limit } = query;
    return [...this.#collection(query.collection)]
      .filter(([, { document }]) => fits(document, query))
      .map(([key, { document, text }]) => ({ key, text, value: fieldOf(document, sort.field) }))
      .filter((found) => after === undefined || comparePlaces(found, after, sort) > 0)
      .sort((a, b) => comparePlaces(a, b, sort))
      .slice(0, limit);
  }

  async drop(projection: string, collections: readonly string[]): Promise<void> {
    this.#assertOpen();
    for (const name of collections) assertCollectionName(name);
    for (const name of collections) this.#collections.delete(name);
    this.#checkpoints.delete(projection);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  #collection(name: string): Map<string, Stored> {
    this.#assertOpen();
    assertCollectionName(name);
    const documents = this.#collections.get(name);
    if (documents === undefined) throw new Error(`the collection "${name}" was not prepared`);
    return documents;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new StoreError('the read store in memory is closed');
  }
}
