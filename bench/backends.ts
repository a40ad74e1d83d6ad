/**
 * `npm run bench:backends [-- --only NAME,...] [--json FILE]`: what must be quick on backends, each figure beside the raw
 * limit of the same run: on a real Kafka, on FerretDB, and on the small EventStoreDB of the tests.
 */
import { appends } from './backends/appends.ts';
import { behind } from './backends/behind.ts';
import { demo } from './backends/demo.ts';
import { live } from './backends/live.ts';
import { merged } from './backends/merged.ts';
import { orders } from './backends/orders.ts';
import { projections } from './backends/projections.ts';
import { pushed } from './backends/pushed.ts';
import { reading } from './backends/reading.ts';
import { relay } from './backends/relay.ts';
import { runTable } from './table.ts';

await runTable([appends, behind, demo, merged, projections, relay, pushed, reading, orders, live]);
