/** The read models there are. Adding one is its file, its test and a line here. */

import { accounts } from './accounts.ts';
import { bars } from './bars.ts';
import { books } from './books.ts';
import { equity } from './equity.ts';
import { feeds } from './feeds.ts';
import { fills } from './fills.ts';
import { instruments } from './instruments.ts';
import { orders } from './orders.ts';
import { positions } from './positions.ts';
import { prices } from './prices.ts';
import type { Projection } from './projection.ts';
import { signals } from './signals.ts';
import { strategies } from './strategies.ts';

export const PROJECTIONS: readonly Projection[] = [
  instruments,
  feeds,
  prices,
  books,
  bars,
  strategies,
  signals,
  orders,
  fills,
  accounts,
  positions,
  equity,
];
