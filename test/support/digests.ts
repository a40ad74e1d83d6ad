/**
 * What a run leaves, as far as it must be the same on any stores at any time: the streams, the documents of the read
 * models that are served, and the records that are handed on. Positions, clocks of the edge and times of recording are
 * a run's own; a position inside of a document or a record is told by the event that stands there.
 */

import type { EventStore } from '../../src/ports/event-store.ts';
import type { PublishedRecord } from '../../src/ports/publisher.ts';
import type { ReadDocument, ReadStore } from '../../src/ports/read-store.ts';
import type { Projection } from '../../src/projections/projection.ts';
import { PROJECTIONS } from '../../src/projections/projections.ts';
import { servingCollection } from '../../src/runtime/projections/builds.ts';
import { canonicalHash, canonicalJson } from '../../src/tape/canonical-json.ts';
import { isDecision, type RecordedEvent } from '../../src/tape/envelope.ts';
import { publicationOf } from '../../src/tape/publication.ts';
import { wholeTape } from './small-market.ts';

/** Large: FerretDB looks through all of a collection for each page. */
const PAGE = 5_000;

/** What lists are sorted by: a time and a position. */
const SEQUENCE = /^(.*Z)\/0*(\d+)$/;

/** Fields that are of one run alone, wherever they stand. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['_position', 'recordedAt']);

/** A record as a consumer gets it, or would get it. */
export type SentRecord = Pick<PublishedRecord, 'key' | 'value' | 'headers'> & { readonly topic: string };

export interface Contents {
  readonly tape: readonly RecordedEvent[];
  readonly documents: readonly { readonly projection: string; readonly key: string; readonly document: ReadDocument }[];
  readonly records: readonly SentRecord[];
}

export interface Digests {
  readonly streams: string;
  readonly documents: string;
  readonly records: string;
}

/** Facts in their order, as canonical JSON, by what they belong to: a stream, a document, a stream within a topic. */
type Facts = ReadonlyMap<string, readonly string[]>;

/** What is in the stores; `records` are those that were sent, or else those that the relay would send. */
export async function contentsOf(events: EventStore, reads: ReadStore, records?: readonly SentRecord[]): Promise<Contents> {
  const tape = await wholeTape(events);
  const documents: Contents['documents'][number][] = [];
  for (const projection of PROJECTIONS) documents.push(...(await documentsOf(projection, reads)));
  return { tape, documents, records: records ?? tape.map(publicationOf) };
}

async function documentsOf(projection: Projection, reads: ReadStore): Promise<Contents['documents'][number][]> {
  const collection = await servingCollection(reads, projection);
  const field = projection.indexes[0]?.[0] ?? '_position';
  const found: Contents['documents'][number][] = [];
  for (let after: { value: string | number | null; key: string } | undefined; ; ) {
    const page = await reads.find({ collection, sort: { field, isDescending: false }, after, limit: PAGE });
    found.push(...page.map(({ key, document }) => ({ projection: projection.name, key, document })));
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return found;
    after = { key: last.key, value: (last.document[field] ?? null) as string | number | null };
  }
}

export function digestsOf(contents: Contents): Digests {
  const { streams, documents, records } = factsOf(contents);
  return { streams: digest(streams), documents: digest(documents), records: digest(records) };
}

/** Where two runs differ, in words, the first few places of each of the three; none when their digests are the same. */
export function differencesOf(expected: Contents, actual: Contents): string[] {
  const [left, right] = [factsOf(expected), factsOf(actual)];
  return (['streams', 'documents', 'records'] as const).flatMap((what) => differing(what, left[what], right[what]));
}

function factsOf(contents: Contents): Readonly<Record<keyof Digests, Facts>> {
  const own = ownTermsOf(contents.tape);
  const streams = grouped(contents.tape, ({ stream, id, type, schemaVersion, data, metadata }) => {
    const { causationId, correlationId, occurredAt } = metadata;
    return [stream, { id, type, schemaVersion, data, causationId, correlationId, occurredAt }];
  });
  const documents = grouped(contents.documents, ({ projection, key, document }) => [
    `${projection}/${own.without(key)}`,
    { ...document, _position: undefined },
  ]);
  const records = grouped(contents.records, ({ topic, key, value, headers }) => {
    const envelope = JSON.parse(value);
    const place = own.at(envelope.position);
    const told = { ...headers, position: own.at(headers.position ?? '') };
    return [`${topic}/${key}/${envelope.stream}`, { ...envelope, position: place, headers: told }];
  });
  return { streams, documents, records };

  function grouped<T>(items: readonly T[], fact: (item: T) => [string, unknown]): Facts {
    const groups = new Map<string, string[]>();
    for (const item of items) {
      const [group, what] = fact(item);
      const line = canonicalJson(own.replaced(what));
      const lines = groups.get(group);
      if (lines === undefined) groups.set(group, [line]);
      else lines.push(line);
    }
    return groups;
  }
}

/** A run's own positions and times, put in terms that every run shares. */
function ownTermsOf(tape: readonly RecordedEvent[]) {
  const idAt = new Map(tape.map(({ position, id }) => [position, id]));
  // Told by a clock, and not by the recordings: settings, requests, and the engine's own beginning.
  const isOfTheEdge = (event: RecordedEvent): boolean =>
    /^(settings|request)-/.test(event.stream) || (event.stream === 'engine' && event.type === 'EngineActivated');
  const edgeTimes = new Set(tape.filter((event) => isOfTheEdge(event) && !isDecision(event)).map(timeOf));
  const at = (position: string): string => `event ${idAt.get(position) ?? `at ${position}, which there is not`}`;

  function replaced(value: unknown): unknown {
    if (typeof value === 'string') return replacedText(value);
    if (Array.isArray(value)) return value.map(replaced);
    if (typeof value !== 'object' || value === null) return value;
    // Elsewhere a position is what an account holds of an instrument.
    const isPlace = 'recordedAt' in value || 'sequence' in value;
    const members = Object.entries(value).filter(([key]) => !OWN_FIELDS.has(key));
    return Object.fromEntries(
      members.map(([key, member]) => [key, isPlace && key === 'position' ? at(member) : replaced(member)]),
    );
  }

  function replacedText(text: string): string {
    const sequence = SEQUENCE.exec(text);
    if (sequence !== null) return `${replacedText(sequence[1] as string)}/${at(sequence[2] as string)}`;
    return edgeTimes.has(text) ? 'a time of the edge' : text;
  }

  return { at, replaced, without: (key: string) => replacedKey(key, edgeTimes) };
}

/** Some documents have a time in their key. */
function replacedKey(key: string, edgeTimes: ReadonlySet<string>): string {
  const time = /\d{4}-\d{2}-\d{2}T[\d:.]+Z/.exec(key)?.[0];
  return time !== undefined && edgeTimes.has(time) ? key.replace(time, 'a time of the edge') : key;
}

function timeOf({ metadata }: RecordedEvent): string {
  return metadata.occurredAt;
}

function digest(facts: Facts): string {
  return canonicalHash([...facts].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

const MOST_TOLD = 3;

function differing(what: string, expected: Facts, actual: Facts): string[] {
  const told: string[] = [];
  for (const group of [...new Set([...expected.keys(), ...actual.keys()])].sort()) {
    const [left, right] = [expected.get(group) ?? [], actual.get(group) ?? []];
    const length = Math.max(left.length, right.length);
    const index = Array.from({ length }, (_, at) => at).find((at) => left[at] !== right[at]);
    if (index === undefined) continue;
    if (told.length === MOST_TOLD) return [...told, `${what}: and more`];
    const [one, other] = shown(left[index], right[index]);
    const counts = `${left.length} expected and ${right.length} there`;
    told.push(`${what}: ${group}, ${counts}, the first that differs is ${index}:\n  ${one}\n  ${other}`);
  }
  return told;
}

/** Both from a little before where they part. */
function shown(left: string | undefined, right: string | undefined): [string, string] {
  if (left === undefined || right === undefined) return [left?.slice(0, 300) ?? '(none)', right?.slice(0, 300) ?? '(none)'];
  const parted = [...left].findIndex((character, at) => character !== right[at]);
  const from = Math.max(0, (parted < 0 ? left.length : parted) - 100);
  return [left.slice(from, from + 300), right.slice(from, from + 300)];
}
