import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { GivenApi } from './given-api.ts';

/** A connection to the API, for what no client would send; it ends with the test. */
export interface Dialled {
  readonly socket: Socket;
  /** All that has come so far. */
  text: string;
}

export async function dial(api: GivenApi): Promise<Dialled> {
  if (!api.server.server.listening) await api.server.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect((api.server.server.address() as AddressInfo).port, '127.0.0.1');
  const dialled: Dialled = { socket, text: '' };
  onTestFinished(() => {
    socket.destroy();
  });
  // The server may close while we still write.
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    dialled.text += chunk;
  });
  await once(socket, 'connect');
  return dialled;
}
