/**
 * Reading a whole tape in EventStoreDB (the small one of the tests), as subscribers and as queries read it, against one
 * subscription of the bare client.
 */

import { once } from 'node:events';
import { join } from 'node:path';
import { EventStoreDBClient } from '@eventstore/db-client';
import { openEventStore } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { eventsOf } from '../../src/ports/pages.ts';
import { START } from '../../src/tape/envelope.ts';
import { startNode } from '../../test/support/child.ts';
import { type Outcome, perSecond, type Row, serially, timed } from '../row.ts';
import { recordedBatches } from '../rows/append.ts';

const ROUNDS = 9;
const SERVER = join(import.meta.dirname, '..', '..', 'test', 'servers', 'event-store', 'main.ts');
/** So often the recorded events are on the tape. */
const COPIES = 1;

export const reading: Row = {
  name: 'reading',
  path: 'reading a whole tape in EventStoreDB (the small one of the tests)',
  async run(): Promise<Outcome[]> {
    const server = startNode([SERVER, '0', '', 'flush']);
    try {
      const address = `esdb://127.0.0.1:${(await server.saw('\n')).trim()}?tls=false`;
      const client = EventStoreDBClient.connectionString(address);
      const store = await openEventStore(address, systemTime);
      const count = await fill(store);
      const outcomes: Outcome[] = [];
      for (const [by, read] of [
        ['a subscriber', bySubscription],
        ['a query of all', byQuery],
      ] as const) {
        const { raw, ours, ratio } = await serially(
          ROUNDS,
          () => timed(() => byClient(client, count)),
          () => timed(() => read(store, count)),
        );
        outcomes.push({
          what: `events read by ${by}, against the bare client's subscription`,
          measured: perSecond(count, ours),
          raw: perSecond(count, raw),
          value: ratio,
          bound: 0.7,
          atLeast: true,
          unit: 'x',
        });
      }
      await store.close();
      await client.dispose();
      return outcomes;
    } finally {
      server.process.kill('SIGKILL');
      await once(server.process, 'exit');
    }
  },
};

/** Returns how many events there are. */
async function fill(store: EventStore): Promise<number> {
  const batches = await recordedBatches();
  let count = 0;
  for (let copy = 1; copy <= COPIES; copy++) {
    const revisions = new Map<string, number>();
    for (const batch of batches) {
      const events = batch.map((event) => ({ ...event, stream: `${event.stream}.${copy}` }));
      const [{ stream }] = events as [(typeof events)[0]];
      revisions.set(stream, (await store.append(stream, revisions.get(stream) ?? 'no-stream', events)).revision);
      count += events.length;
    }
  }
  return count;
}

async function byClient(client: EventStoreDBClient, count: number): Promise<void> {
  const subscription = client.subscribeToAll({ fromPosition: 'start' });
  let left = count;
  for await (const { event } of subscription) if (event !== undefined && --left === 0) break;
}

async function bySubscription(store: EventStore, count: number): Promise<void> {
  const all = Promise.withResolvers<void>();
  let left = count;
  const subscription = store.subscribe({
    after: START,
    onEvents: (events) => {
      left -= events.length;
      if (left === 0) all.resolve();
    },
  });
  await Promise.race([all.promise, subscription.ended]);
  await subscription.close();
}

async function byQuery(store: EventStore, count: number): Promise<void> {
  let left = count;
  for await (const _ of eventsOf(store, {})) left--;
  if (left !== 0) throw new Error(`${left} events are missing`);
}
