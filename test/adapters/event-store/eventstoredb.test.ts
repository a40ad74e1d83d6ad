import { afterEach } from 'vitest';
import { openEventStoreDb } from '../../../src/adapters/event-store/eventstoredb.ts';
import { describeEventStore } from '../../contracts/event-store.ts';
import { EventStoreServer, type ServerOptions } from '../../support/event-store-server/server.ts';

const servers: EventStoreServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function serve(options: ServerOptions = {}): Promise<EventStoreServer> {
  const server = await EventStoreServer.start(options);
  servers.push(server);
  return server;
}

function addressOf({ port }: EventStoreServer): string {
  return `esdb://127.0.0.1:${port}?tls=false`;
}

describeEventStore('the tape in EventStoreDB', async () => openEventStoreDb(addressOf(await serve())), { ownClock: false });
