/** A process that relays the tape of a folder to Kafka, until it is killed: `node relay-child.ts TAPE ADDRESS`. */

import { openEventStore, openPublisher } from '../../../src/adapters/open.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { makeLogger } from '../../../src/logging.ts';
import { startRelay } from '../../../src/runtime/relay/relay.ts';

const [tape = '', address = ''] = process.argv.slice(2);
const log = makeLogger('silent');
const events = await openEventStore(tape, systemTime);
const relay = startRelay({
  events,
  publisher: await openPublisher(address, log, systemTime),
  time: systemTime,
  log,
  onState: (state) => process.stdout.write(`${state}\n`),
  onPublished: (count) => process.stdout.write(`published ${count}\n`),
});
await relay.ended;
