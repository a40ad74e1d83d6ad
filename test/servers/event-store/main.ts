/**
 * The server as a program: `node main.ts PORT [FILE [flush]]`; prints its port once it listens, and ends with SIGTERM.
 * Without a file, or an empty name, it keeps none. With `flush` it answers as late as a real one that flushes to its disk.
 */

import { EventStoreServer } from './server.ts';

const [port = '0', file = '', flush] = process.argv.slice(2);
const server = await EventStoreServer.start({ port: Number(port), ...(file === '' ? {} : { file }) });
if (flush === 'flush')
  Object.assign(server.faults, { answerAfterMs: 3, writeMsPerEvent: 0.07, readAfterMs: 3, isColdOrderBroken: true });
process.stdout.write(`${server.port}\n`);
process.once('SIGTERM', () => {
  void server.stop().then(() => process.exit(0));
});
