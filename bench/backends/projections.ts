import { type AnyBulkWriteOperation, type Document, MongoClient, ObjectId } from 'mongodb';
import { mongoDocument } from '../../src/adapters/mongodb/document.ts';
import { openEventStore, openReadStore } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { eventsOf } from '../../src/ports/pages.ts';
import type { CollectionDefinition, DocumentWrite, ReadStore } from '../../src/ports/read-store.ts';
import { PROJECTIONS } from '../../src/projections/projections.ts';
import { startProjection } from '../../src/runtime/projections/host.ts';
import { startLocalFerretDb } from '../../test/backends/ferretdb/local-ferretdb.ts';
import { recordedTape } from '../recorded-tape.ts';
import { type Outcome, perSecond, type Row, serially, timed } from '../row.ts';

const ROUNDS = 3;
/** FerretDB takes about two milliseconds a document. */
const EVENTS = 4_000;
const MAX_WAIT_MS = 300_000;
/** FerretDB stands still at a hundred updates of one command; the adapter takes as many. */
const BULK = 20;

/** What the read models wrote, in the order of each. */
interface Written {
  readonly collections: CollectionDefinition[];
  readonly commits: Map<string, (readonly DocumentWrite[])[]>;
}

export const projections: Row = {
  name: 'projections',
  path: 'projections into MongoDB (FerretDB)',
  async run(): Promise<Outcome[]> {
    const ferret = await startLocalFerretDb();
    try {
      const tape = await firstEvents();
      let databases = 0;
      const newPlace = (): string => `mongodb://${ferret.address}/bench-${++databases}`;
      const written: Written = { collections: [], commits: new Map() };
      await projectInto(tape, watched(await openReadStore('memory:', systemTime), written));
      const documents = [...written.commits.values()].flat(2).length;
      const { raw, ours, ratio } = await serially(
        ROUNDS,
        () => writeBare(newPlace(), written),
        async () => projectInto(tape, await openReadStore(newPlace(), systemTime)),
      );
      return [
        {
          what: `documents written by all ${PROJECTIONS.length} read models from ${EVENTS} events, against a bare bulkWrite of the same documents`,
          measured: perSecond(documents, ours),
          raw: perSecond(documents, raw),
          value: ratio,
          bound: 0.5,
          atLeast: true,
          unit: 'x',
        },
      ];
    } finally {
      await ferret.stop();
    }
  },
};

/** The end of the recorded tape, where candles, orders and accounts are at work, as a tape of its own. */
async function firstEvents(): Promise<EventStore> {
  const source = await openEventStore(`sqlite:${await recordedTape()}`, systemTime);
  const tape = await openEventStore('memory:', systemTime);
  const revisions = new Map<string, number>();
  for await (const { id, stream, type, schemaVersion, data, metadata } of eventsOf(source, {}, EVENTS)) {
    const event = { id, stream, type, schemaVersion, data, metadata } as Parameters<EventStore['append']>[2][number];
    revisions.set(stream, (await tape.append(stream, revisions.get(stream) ?? 'no-stream', [event])).revision);
  }
  await source.close();
  return tape;
}

/** Returns the milliseconds, from the preparing of collections to the last checkpoint. */
async function projectInto(tape: EventStore, reads: ReadStore): Promise<number> {
  const head = await tape.head();
  const took = await timed(async () => {
    const running = await Promise.all(PROJECTIONS.map((one) => startProjection(one, tape, reads, { time: systemTime })));
    for (const one of running) if (!(await one.waitFor(head, MAX_WAIT_MS))) throw new Error('a projection did not catch up');
    for (const one of running) await one.close();
  });
  await reads.close();
  return took;
}

/** Remembers what is written to `reads`. */
function watched(reads: ReadStore, { collections, commits }: Written): ReadStore {
  return new Proxy(reads, {
    get: (target, name) => {
      if (name === 'prepare') {
        return (some: readonly CollectionDefinition[]) => {
          collections.push(...some);
          return target.prepare(some);
        };
      }
      if (name === 'commit') {
        return (projection: string, writes: readonly DocumentWrite[], position: string) => {
          commits.set(projection, [...(commits.get(projection) ?? []), writes]);
          return target.commit(projection, writes, position);
        };
      }
      const member = Reflect.get(target, name) as unknown;
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

/** The same documents in the same commits, those of each read model one after the other, and nothing else. */
async function writeBare(place: string, { collections, commits }: Written): Promise<number> {
  const reads = await openReadStore(place, systemTime);
  await reads.prepare(collections);
  await reads.close();
  const client = new MongoClient(place);
  await client.connect();
  const database = client.db(place.slice(place.lastIndexOf('/') + 1));
  const took = await timed(() =>
    Promise.all(
      [...commits.values()].map(async (some) => {
        for (const writes of some) {
          for (const [name, ofOne] of Map.groupBy(writes, ({ collection }) => collection)) {
            const operations = ofOne.map(replacement);
            for (let from = 0; from < operations.length; from += BULK) {
              await database.collection(name).bulkWrite(operations.slice(from, from + BULK), { ordered: false });
            }
          }
        }
      }),
    ),
  );
  await client.close();
  return took;
}

function replacement(write: DocumentWrite): AnyBulkWriteOperation<Document> {
  const document: Document = mongoDocument(write, new ObjectId());
  return { replaceOne: { filter: { _id: document._id }, replacement: document, upsert: true } };
}
