/** Servers for the tests of the tape in EventStoreDB, and stores on them with short timeouts. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { CallTimeouts } from '../../../src/adapters/eventstoredb/connection.ts';
import { type EventStoreDbTape, openEventStoreDb } from '../../../src/adapters/eventstoredb/event-store.ts';
import type { TailLimits } from '../../../src/adapters/eventstoredb/tail.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { EventStoreServer, type ServerOptions } from '../../servers/event-store/server.ts';

/** Soon for a test, and long for a busy machine. */
export const SHORT_TIMEOUTS: CallTimeouts = {
  callMs: 250,
  searchMs: 250,
  totalMs: 20_000,
  backoff: { firstMs: 5, longestMs: 50 },
};
/** Where nothing has to be given up. */
export const LONG_TIMEOUTS: CallTimeouts = { ...SHORT_TIMEOUTS, callMs: 10_000, searchMs: 10_000 };
const TAIL_LIMITS: TailLimits = { maxKept: 2_000, maxKeptBytes: 32_000_000, settleMs: 10, silenceMs: 100 };

/** At the end of the test, before what was opened earlier. */
export function closeAfterwards(thing: { close(): Promise<void> }): void {
  onTestFinished(() => thing.close());
}

export async function givenServer(options: ServerOptions = {}): Promise<EventStoreServer> {
  const server = await EventStoreServer.start(options);
  closeAfterwards({ close: () => server.stop() });
  return server;
}

export function addressOf({ port }: { readonly port: number }): string {
  return `esdb://127.0.0.1:${port}?tls=false`;
}

export function givenStore(address: string, timeouts = SHORT_TIMEOUTS, limits: Partial<TailLimits> = {}): EventStoreDbTape {
  const store = openEventStoreDb(address, systemTime, { timeouts, tailLimits: { ...TAIL_LIMITS, ...limits } });
  closeAfterwards(store);
  return store;
}

/** Holds something up until it is opened, at the latest at the end of the test. */
export function givenGate(): { readonly passed: Promise<void>; open(): void } {
  const gate = Promise.withResolvers<void>();
  closeAfterwards({ close: async () => gate.resolve() });
  return { passed: gate.promise, open: gate.resolve };
}

/** A way to a server that can freeze: connections that are open then take nothing any more; later ones pass. */
export async function givenWire(to: number, host = '127.0.0.1'): Promise<{ readonly port: number; freeze(): void }> {
  const sockets = new Set<Socket>();
  const wire = createServer((socket) => {
    const onward = connect(to, '127.0.0.1');
    for (const end of [socket, onward]) {
      sockets.add(end);
      end.on('error', () => undefined).once('close', () => sockets.delete(end));
    }
    socket.pipe(onward).pipe(socket);
  });
  wire.listen(0, host);
  await once(wire, 'listening');
  closeAfterwards({
    close: async () => {
      for (const socket of sockets) socket.destroy();
      wire.close();
    },
  });
  const freeze = (): void => {
    for (const socket of sockets) socket.unpipe().pause();
  };
  return { port: (wire.address() as AddressInfo).port, freeze };
}
