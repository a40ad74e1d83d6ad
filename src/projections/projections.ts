/** The read models there are. Adding one is its file, its test and a line here. */

import { bars } from './bars.ts';
import { books } from './books.ts';
import { prices } from './prices.ts';
import type { Projection } from './projection.ts';
import { signals } from './signals.ts';

export const PROJECTIONS: readonly Projection[] = [prices, books, bars, signals];
