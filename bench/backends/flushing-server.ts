/** The small EventStoreDB of the tests as a process that answers as late as one that flushes to a disk. */

import { join } from 'node:path';
import { startNode } from '../../test/support/child.ts';

const SERVER = join(import.meta.dirname, '..', '..', 'test', 'servers', 'event-store', 'main.ts');

/** Does the work with the address of an empty one, which ends with it. */
export async function onFlushingServer<T>(work: (address: string) => Promise<T>): Promise<T> {
  const server = startNode([SERVER, '0', '', 'flush']);
  try {
    return await work(`esdb://127.0.0.1:${(await server.saw('\n')).trim()}?tls=false`);
  } finally {
    server.process.kill('SIGKILL');
    await server.ended;
  }
}
