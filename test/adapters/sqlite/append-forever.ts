/**
 * A program for tests, run as a process of its own: appends batches of 7 events to a stream, one after the other,
 * and prints the last revision after each. Arguments: file, stream, batches (0: until it is killed).
 */

import { openSqliteEventStore } from '../../../src/adapters/sqlite/event-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { run } from '../../contracts/tape-events.ts';

const [file = '', stream = '', batches = '0'] = process.argv.slice(2);
const store = await openSqliteEventStore(file, systemTime);
for (let batch = 0; batches === '0' || batch < Number(batches); batch++) {
  const first = batch * 7;
  await store.append(stream, first === 0 ? 'no-stream' : first - 1, run(stream, first, first + 6));
  process.stdout.write(`${first + 6}\n`);
}
await store.close();
