/**
 * `npm run bench [-- --only NAME,...] [--json FILE]`: the table "What must be quick" of the design, each figure beside
 * the raw limit of the same run. Ends with 1 when one falls short.
 */
import { append } from './rows/append.ts';
import { decision } from './rows/decision.ts';
import { feed } from './rows/feed.ts';
import { orders } from './rows/orders.ts';
import { projections } from './rows/projections.ts';
import { replay } from './rows/replay.ts';
import { rest } from './rows/rest.ts';
import { risk } from './rows/risk.ts';
import { start } from './rows/start.ts';
import { runTable } from './table.ts';

await runTable([feed, append, replay, decision, projections, risk, start, orders, rest]);
