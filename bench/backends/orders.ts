import { once } from 'node:events';
import { join } from 'node:path';
import { EventStoreDBClient } from '@eventstore/db-client';
import { startNode } from '../../test/support/child.ts';
import { type Outcome, type Row, serially } from '../row.ts';
import { orderP50, startTrading } from '../trading.ts';
import { appendP50 } from './bare-append.ts';

const ROUNDS = 5;
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
