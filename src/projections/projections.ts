/** The read models there are. Adding one is its file, its test and a line here. */

import { accounts } from './accounts.ts';
import { bars } from './bars.ts';
import { books } from './books.ts';
import { equity } from './equity.ts';
import { fills } from './fills.ts';
import { orders } from './orders.ts';
import { positions } from './positions.ts';
import { prices } from './prices.ts';
import type { Projection } from './projection.ts';
import { signals } from './signals.ts';

export const PROJECTIONS: readonly Projection[] = [prices, books, bars, signals, orders, fills, accounts, positions, equity];
