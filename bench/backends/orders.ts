import { once } from 'node:events';
import { join } from 'node:path';
import { EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { systemTime } from '../../src/adapters/system-time.ts';
import { barClosed } from '../../src/domain/feed/evidence.ts';
import { makeEvidence } from '../../src/tape/envelope.ts';
import { startNode } from '../../test/support/child.ts';
import { barOf } from '../../test/support/fixtures.ts';
import { BUILD } from '../recorded-tape.ts';
import { type Outcome, quantile, type Row, serially, timed } from '../row.ts';
import { orderP50, startTrading } from '../trading.ts';

const ROUNDS = 5;
const APPENDS = 200;
const SERVER = join(import.meta.dirname, '..', '..', 'test', 'servers', 'event-store', 'main.ts');

export const orders: Row = {
  name: 'orders',
  path: 'POST /v1/orders, EventStoreDB, all read models following',
  async run(): Promise<Outcome[]> {
    const { TAPEDECK_TEST_EVENT_STORE: real } = process.env;
    const server = real === undefined ? startNode([SERVER, '0', '', 'flush']) : undefined;
    try {
      const address = real ?? `esdb://127.0.0.1:${(await server?.saw('\n'))?.trim()}?tls=false`;
      const system = await startTrading(address);
      const client = EventStoreDBClient.connectionString(address);
      const { raw, ours, ratio } = await serially(
        ROUNDS,
        () => appendP50(client),
        () => orderP50(system),
      );
      await client.dispose();
      await system.close();
      return [
        {
          what: 'one order at a time, from the request to the answer that it is recorded, against the bare client appending one event',
          measured: `p50 ${ours.toFixed(2)} ms`,
          raw: `p50 ${raw.toFixed(2)} ms`,
          value: 1 / ratio,
          bound: 4,
          atLeast: false,
          unit: 'appends',
        },
      ];
    } finally {
      server?.process.kill('SIGKILL');
      if (server !== undefined) await once(server.process, 'exit');
    }
  },
};

/** Of one event, each to a stream of its own, one after the other, in milliseconds: a bar that nobody trades on. */
async function appendP50(client: EventStoreDBClient): Promise<number> {
  const times: number[] = [];
  const bar = barClosed(barOf({ venue: 'testvenue', symbol: 'BENCH' }));
  for (let count = 0; count < APPENDS; count++) {
    const key = systemTime.uuid();
    const origin = { occurredAt: bar.occurredAt, actor: BUILD, codeVersion: BUILD };
    const { id, stream, type, schemaVersion, data, metadata } = makeEvidence(
      bar.type,
      `bars-bench.${key}`,
      key,
      bar.data,
      origin,
    );
    const wire = jsonEvent({ type, data: { ...data }, metadata: { ...metadata, id, schemaVersion: String(schemaVersion) } });
    times.push(await timed(() => client.appendToStream(stream, wire, { expectedRevision: NO_STREAM })));
  }
  return quantile(times, 0.5);
}
