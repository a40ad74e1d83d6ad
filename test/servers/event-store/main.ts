/** The server as a program: `node main.ts PORT [FILE]`; prints its port once it listens, and ends with SIGTERM. */

import { EventStoreServer } from './server.ts';

const [port = '0', file] = process.argv.slice(2);
const server = await EventStoreServer.start({ port: Number(port), ...(file === undefined ? {} : { file }) });
process.stdout.write(`${server.port}\n`);
process.once('SIGTERM', () => {
  void server.stop().then(() => process.exit(0));
});
