import { once } from 'node:events';
import { join } from 'node:path';
import { EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { openEventStore } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import type { TapeEvent } from '../../src/domain/catalogue.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { startNode } from '../../test/support/child.ts';
import { type Outcome, perSecond, type Row, serially, timed } from '../row.ts';
import { recordedBatches } from '../rows/append.ts';

const ROUNDS = 7;
const SERVER = join(import.meta.dirname, '..', '..', 'test', 'servers', 'event-store', 'main.ts');

export const appends: Row = {
  name: 'appends',
  path: 'append to EventStoreDB (the small one of the tests), batches of 100',
  async run(): Promise<Outcome[]> {
    const recorded = await recordedBatches();
    const server = startNode([SERVER, '0']);
    try {
      const port = (await server.saw('\n')).trim();
      const address = `esdb://127.0.0.1:${port}?tls=false`;
      let round = 0;
      const batches = (): TapeEvent[][] => {
        round++;
        return recorded.map((events) => events.map((event) => ({ ...event, stream: `${event.stream}.${round}` })));
      };
      // For all rounds: the clients of one process share what they wait for, and one that is closed takes it along.
      const client = EventStoreDBClient.connectionString(address);
      const store = await openEventStore(address, systemTime);
      const { raw, ours, ratio } = await serially(
        ROUNDS,
        () => appendBare(client, batches()),
        () => appendByAdapter(store, batches()),
      );
      await store.close();
      await client.dispose();
      const count = recorded.flat().length;
      return [
        {
          what: 'events appended by the adapter, against the bare client with the same batches, one after the other',
          measured: perSecond(count, ours),
          raw: perSecond(count, raw),
          value: ratio,
          bound: 0.7,
          atLeast: true,
          unit: 'x',
        },
      ];
    } finally {
      server.process.kill('SIGKILL');
      await once(server.process, 'exit');
    }
  },
};

function appendByAdapter(store: EventStore, batches: readonly TapeEvent[][]): Promise<number> {
  return timed(() =>
    appendEach(
      batches,
      async (stream, revision, events) => (await store.append(stream, revision ?? 'no-stream', events)).revision,
    ),
  );
}

function appendBare(client: EventStoreDBClient, batches: readonly TapeEvent[][]): Promise<number> {
  return timed(() =>
    appendEach(batches, async (stream, revision, events) => {
      const wire = events.map(({ type, data, metadata, id, schemaVersion }) =>
        jsonEvent({
          type,
          data: data as Record<string, unknown>,
          metadata: { ...metadata, id, schemaVersion: String(schemaVersion) },
        }),
      );
      const expectedRevision = revision === undefined ? NO_STREAM : BigInt(revision);
      return Number((await client.appendToStream(stream, wire, { expectedRevision })).nextExpectedRevision);
    }),
  );
}

async function appendEach(
  batches: readonly TapeEvent[][],
  append: (stream: string, revision: number | undefined, events: readonly TapeEvent[]) => Promise<number>,
): Promise<void> {
  const revisions = new Map<string, number>();
  for (const events of batches) {
    const { stream } = events[0] as TapeEvent;
    revisions.set(stream, await append(stream, revisions.get(stream), events));
  }
}
