/**
 * `npm run bench:engines [-- --only NAME,...] [--json FILE]`: what must be quick on engines, each figure beside the raw
 * limit of the same run: on a real Kafka, on FerretDB, and on the small EventStoreDB of the tests.
 */
import { appends } from './engines/appends.ts';
import { projections } from './engines/projections.ts';
import { pushed } from './engines/pushed.ts';
import { relay } from './engines/relay.ts';
import { runTable } from './table.ts';

await runTable([appends, projections, relay, pushed]);
