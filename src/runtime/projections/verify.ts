/** Compares the documents of a read model with a fold of the tape in memory. */

import { isDeepStrictEqual } from 'node:util';
import { UserError } from '../../domain/user-error.ts';
import type { EventStore } from '../../ports/event-store.ts';
import { documentsOf, eventPagesOf } from '../../ports/pages.ts';
import type { ReadDocument, ReadStore } from '../../ports/read-store.ts';
import { foldDocument } from '../../projections/fold.ts';
import type { Projection } from '../../projections/projection.ts';
import { comparePositions, type RecordedEvent, START } from '../../tape/envelope.ts';
import { servingCollection } from './builds.ts';
import { loadParked } from './parked-events.ts';

/** Documents that are loaded at once by their keys. */
const LOADED = 500;
/** Differences that are told; more are counted only. */
const MOST_TOLD = 10;

export interface Difference {
  readonly key: string;
  /** The field that differs, as a path; empty for a document that is missing, or should not be there. */
  readonly path: string;
  /** In the read store, and by the fold; undefined where there is nothing. */
  readonly stored: unknown;
  readonly folded: unknown;
}

export interface Verification {
  readonly projection: string;
  readonly collection: string;
  /** Everything up to it was compared. */
  readonly position: string;
  readonly documents: number;
  /** Documents that stand still because of an event that could not be applied. */
  readonly parkedKeys: number;
  readonly differing: number;
  /** The first of them. */
  readonly differences: readonly Difference[];
}

export interface VerifyOptions {
  readonly onProgress: (position: string, end: string) => void;
}

/**
 * Folds the tape up to the checkpoint and compares. Documents that a running system changes meanwhile are compared as
 * of the position that they have reached, so it may run.
 */
export async function verifyProjection(
  projection: Projection,
  events: EventStore,
  reads: ReadStore,
  options: VerifyOptions,
): Promise<Verification> {
  const collection = await servingCollection(reads, projection);
  try {
    return await verifyCollection(projection, collection, events, reads, options);
  } catch (error) {
    const now = await servingCollection(reads, projection);
    if (now === collection) throw error;
    throw new UserError(`${collection} gave way to ${now} while it was compared: compare again`, { cause: error });
  }
}

async function verifyCollection(
  projection: Projection,
  collection: string,
  events: EventStore,
  reads: ReadStore,
  { onProgress }: VerifyOptions,
): Promise<Verification> {
  const position = await reads.checkpoint(collection);
  const folding = new Folding(projection);
  for await (const page of eventsUpTo(events, projection, START, position)) {
    folding.apply(page);
    onProgress(page.at(-1)?.position ?? position, position);
  }
  const stored = await readDocuments(reads, projection, collection);
  // Read by pages that may move meanwhile: what was not seen is asked for once more.
  const unseen = [...folding.documents.keys()].filter((key) => !stored.has(key));
  for (let from = 0; from < unseen.length; from += LOADED) {
    for (const [key, document] of await reads.load(collection, unseen.slice(from, from + LOADED))) stored.set(key, document);
  }
  await goOn(folding, events, projection, position, stored);
  const parked = await loadParked(reads, collection);
  const differences = compare(stored, folding.documents);
  return {
    projection: projection.name,
    collection,
    position,
    documents: stored.size,
    parkedKeys: parked.size,
    differing: differences.length,
    differences: differences.slice(0, MOST_TOLD),
  };
}

/** Documents in memory, each as far as it is wanted. */
class Folding {
  readonly documents = new Map<string, ReadDocument>();
  readonly #projection: Projection;
  /** Documents that an event could not be applied to: they stand still from there, as in the read store. */
  readonly #still = new Set<string>();

  constructor(projection: Projection) {
    this.#projection = projection;
  }

  /** `wanted`: only for documents, and up to positions, that it says yes to. */
  apply(events: readonly RecordedEvent[], wanted: (key: string, position: string) => boolean = () => true): void {
    const groups = new Map<string, RecordedEvent[]>();
    for (const event of events) {
      for (const key of keysOf(this.#projection, event)) {
        if (this.#still.has(key) || !wanted(key, event.position)) continue;
        const group = groups.get(key);
        if (group === undefined) groups.set(key, [event]);
        else group.push(event);
      }
    }
    for (const [key, group] of groups) {
      const { document, parked } = foldDocument(this.#projection, this.documents.get(key), group);
      if (document !== undefined) this.documents.set(key, document);
      if (parked.length > 0) this.#still.add(key);
    }
  }
}

/** None for an event whose documents cannot be told: the runner has parked it. */
function keysOf(projection: Projection, event: RecordedEvent): readonly string[] {
  try {
    return projection.keys(event);
  } catch {
    return [];
  }
}

/** Folds on to where documents are that have changed since the fold began, and no further. */
async function goOn(
  folding: Folding,
  events: EventStore,
  projection: Projection,
  after: string,
  stored: ReadonlyMap<string, ReadDocument>,
): Promise<void> {
  const moved = [...stored].filter(([, { _position }]) => comparePositions(_position, after) > 0);
  const reached = moved.map(([, { _position }]) => _position).sort(comparePositions);
  const last = reached.at(-1);
  if (last === undefined) return;
  const wanted = (key: string, position: string): boolean => comparePositions(position, stored.get(key)?._position ?? START) <= 0;
  for await (const page of eventsUpTo(events, projection, after, last)) folding.apply(page, wanted);
}

/** The events that a projection reads, after one position and up to another, a page at a time. */
async function* eventsUpTo(
  events: EventStore,
  { categories }: Projection,
  after: string,
  last: string,
): AsyncGenerator<RecordedEvent[]> {
  for await (const page of eventPagesOf(events, { categories, after })) {
    const within = page.filter(({ position }) => comparePositions(position, last) <= 0);
    if (within.length > 0) yield within;
    if (within.length < page.length) return;
  }
}

async function readDocuments(reads: ReadStore, projection: Projection, collection: string): Promise<Map<string, ReadDocument>> {
  const documents = new Map<string, ReadDocument>();
  const field = projection.indexes[0]?.[0] ?? 'id';
  const sort = { field, isDescending: false };
  for await (const { key, document } of documentsOf(reads, { collection, sort })) documents.set(key, document);
  return documents;
}

function compare(stored: ReadonlyMap<string, ReadDocument>, folded: ReadonlyMap<string, ReadDocument>): Difference[] {
  const differences: Difference[] = [];
  for (const key of [...new Set([...stored.keys(), ...folded.keys()])].sort()) {
    const difference = firstDifference('', stored.get(key), asStored(folded.get(key)));
    if (difference !== undefined) differences.push({ key, ...difference });
  }
  return differences;
}

/** As it would come back from the read store. */
function asStored(document: ReadDocument | undefined): unknown {
  return document === undefined ? undefined : JSON.parse(JSON.stringify(document));
}

/** The first place, in order of names, where two values differ. */
function firstDifference(path: string, stored: unknown, folded: unknown): Omit<Difference, 'key'> | undefined {
  if (isDeepStrictEqual(stored, folded)) return undefined;
  if (isRecord(stored) && isRecord(folded)) {
    for (const name of [...new Set([...Object.keys(stored), ...Object.keys(folded)])].sort()) {
      const inner = firstDifference(path === '' ? name : `${path}.${name}`, stored[name], folded[name]);
      if (inner !== undefined) return inner;
    }
  }
  return { path, stored, folded };
}

/** Lists too: their indexes are names. */
function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
