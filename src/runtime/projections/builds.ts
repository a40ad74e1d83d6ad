/**
 * The builds of the read models. A build is one making of a read model's documents from the tape. It has collections of
 * its own, named after projection, version and build (`orders@1.2`), so that the next can be made while it serves. One
 * document for each projection names the build that serves; any process may change it, by compare-and-set.
 */

import type { CollectionDefinition, ReadDocument, ReadStore } from '../../ports/read-store.ts';
import type { Projection } from '../../projections/projection.ts';
import { comparePositions, START } from '../../tape/envelope.ts';
import { isAbreast, type Lag } from '../process/lag.ts';

const BUILDS: CollectionDefinition = { name: 'builds', indexes: [] };

/** How long a build is kept after another took its place: readers that looked it up just before still read from it. */
export const GRACE_MS = 2_000;

export interface Build {
  readonly version: number;
  /** Counts the builds of the projection, of all versions; a number is never used twice. */
  readonly build: number;
}

/** The builds of one projection. */
export interface Builds {
  readonly serving: Build;
  /** The build that is being made to take its place. */
  readonly next: Build | null;
  /** Builds that served before or were given up, and are to be dropped. */
  readonly retired: readonly Build[];
  /** The highest number of a build so far. */
  readonly made: number;
}

type BuildsDocument = Builds & ReadDocument;

/** Where the documents of a build lie, and the name of its checkpoint. */
export function collectionOf(projection: { readonly name: string }, { version, build }: Build): string {
  return `${projection.name}@${version}.${build}`;
}

/** Where the events lie that could not be applied to a build's documents. */
export function parkedCollectionOf(collection: string): string {
  return `${collection}-parked`;
}

export function isSameBuild(a: Build | null, b: Build | null): boolean {
  return a !== null && b !== null && a.version === b.version && a.build === b.build;
}

/** Where the documents of a read model are found at this moment. Begins its first build where there is none. */
export async function servingCollection(reads: ReadStore, projection: Projection): Promise<string> {
  return collectionOf(projection, (await ensureServing(reads, projection)).serving);
}

/** The builds of every projection that has any, by name. */
export async function readBuilds(reads: ReadStore, names: readonly string[]): Promise<ReadonlyMap<string, Builds>> {
  // The collection is there when anything was ever committed to it.
  if ((await reads.checkpoint(BUILDS.name)) === START) return new Map();
  return (await reads.load(BUILDS.name, names)) as ReadonlyMap<string, unknown> as ReadonlyMap<string, BuildsDocument>;
}

/** The builds of a projection, with a first one of this version where there is none: it serves while it fills. */
export async function ensureServing(reads: ReadStore, projection: Projection): Promise<Builds> {
  const known = (await readBuilds(reads, [projection.name])).get(projection.name);
  if (known !== undefined) return known;
  const serving: Build = { version: projection.version, build: 1 };
  await prepareBuild(reads, projection, serving);
  await reads.prepare([BUILDS]);
  await replaceBuilds(reads, projection.name, undefined, { serving, next: null, retired: [], made: 1 });
  return loadBuilds(reads, projection.name);
}

async function loadBuilds(reads: ReadStore, name: string): Promise<BuildsDocument> {
  const document = (await reads.load(BUILDS.name, [name])).get(name);
  if (document === undefined) throw new Error(`the projection "${name}" has no build that serves`);
  return document as unknown as BuildsDocument;
}

/** A document gives way to one of a higher position only: of two that count on from the same, one is written. */
async function replaceBuilds(
  reads: ReadStore,
  name: string,
  before: BuildsDocument | undefined,
  after: Builds,
): Promise<boolean> {
  const count = String(BigInt(before?._position ?? START) + 1n);
  const document = { ...after, _position: count };
  const written = await reads.commit(BUILDS.name, [{ collection: BUILDS.name, key: name, document }], count);
  return written.size > 0;
}

/**
 * Changes the builds of a projection as `change` says, which is called again when another process was quicker; it
 * hands back what it was given to leave them as they are.
 */
async function changeBuilds(reads: ReadStore, name: string, change: (before: Builds) => Builds): Promise<Builds> {
  for (;;) {
    const before = await loadBuilds(reads, name);
    const after = change(before);
    if (after === before || (await replaceBuilds(reads, name, before, after))) return after;
  }
}

/** Makes the collections of a build. */
export async function prepareBuild(reads: ReadStore, projection: Projection, build: Build): Promise<void> {
  const name = collectionOf(projection, build);
  await reads.prepare([
    { name, indexes: projection.indexes },
    { name: parkedCollectionOf(name), indexes: [['sequence'], ['key', 'sequence']] },
  ]);
}

/**
 * Begins the next build. One that was begun before and never finished is given up: it may have been made by other code.
 */
export async function beginBuild(reads: ReadStore, projection: Projection): Promise<Build> {
  await ensureServing(reads, projection);
  return nextBuild(reads, projection, () => false);
}

/** The build of this version that is to take the place of one of an older version, begun where there is none. */
export function joinBuild(reads: ReadStore, projection: Projection): Promise<Build> {
  return nextBuild(reads, projection, ({ version }) => version === projection.version);
}

/** The build that is to come, if it is one to `keep`, or else another in its place. */
async function nextBuild(reads: ReadStore, projection: Projection, keep: (next: Build) => boolean): Promise<Build> {
  const builds = await changeBuilds(reads, projection.name, (before) => {
    const { next, retired, made } = before;
    if (next !== null && keep(next)) return before;
    return {
      ...before,
      next: { version: projection.version, build: made + 1 },
      retired: next === null ? retired : [...retired, next],
      made: made + 1,
    };
  });
  const next = builds.next as Build;
  await prepareBuild(reads, projection, next);
  return next;
}

/** Has a build come as far as the one that serves? By what is committed: that is what readers see, and it never runs back. */
async function isAsFar(reads: ReadStore, projection: Projection, build: Build, serving: Build): Promise<boolean> {
  const position = await reads.checkpoint(collectionOf(projection, build));
  // Last, for the one that serves goes on meanwhile.
  return comparePositions(position, await reads.checkpoint(collectionOf(projection, serving))) >= 0;
}

/**
 * Puts the build that `runner` keeps in the place of the one that serves, once it is abreast of the tape and not behind
 * that one. False as long as it is not, and when it is no longer the one to come.
 */
export async function swapWhenReady(
  reads: ReadStore,
  projection: Projection,
  build: Build,
  serving: Build,
  runner: { progress(): Lag; keep(): Promise<void> },
): Promise<boolean> {
  if (!isAbreast(runner.progress())) return false;
  await runner.keep();
  return (await isAsFar(reads, projection, build, serving)) && (await serveBuild(reads, projection, build));
}

/** Puts the build in the place of the one that serves. False when it is no longer the one to come. */
async function serveBuild(reads: ReadStore, projection: Projection, build: Build): Promise<boolean> {
  const { serving } = await changeBuilds(reads, projection.name, (before) => {
    if (!isSameBuild(before.next, build)) return before;
    return { ...before, serving: build, next: null, retired: [...before.retired, before.serving] };
  });
  return isSameBuild(serving, build);
}

/** Gives up a build that has not come to serve. */
export async function giveUpBuild(reads: ReadStore, projection: Projection, build: Build): Promise<void> {
  await changeBuilds(reads, projection.name, (before) => {
    if (!isSameBuild(before.next, build)) return before;
    return { ...before, next: null, retired: [...before.retired, build] };
  });
}

/** Drops those of the builds that are retired; one that served must have been so for `GRACE_MS`. */
export async function dropBuilds(
  reads: ReadStore,
  projection: { readonly name: string },
  builds: readonly Build[],
): Promise<void> {
  const isAmong = (list: readonly Build[], build: Build): boolean => list.some((other) => isSameBuild(other, build));
  const { retired } = await loadBuilds(reads, projection.name);
  for (const build of retired) {
    if (!isAmong(builds, build)) continue;
    const collection = collectionOf(projection, build);
    await reads.drop(collection, [collection, parkedCollectionOf(collection)]);
  }
  await changeBuilds(reads, projection.name, (before) => {
    const kept = before.retired.filter((build) => !isAmong(retired, build) || !isAmong(builds, build));
    return kept.length === before.retired.length ? before : { ...before, retired: kept };
  });
}
