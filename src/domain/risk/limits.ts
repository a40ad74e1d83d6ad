/** The limits, cheapest first. Adding one is a file and a line here. */

import { concentration } from './concentration.ts';
import { dailyLoss } from './daily-loss.ts';
import { drawdown } from './drawdown.ts';
import { halt } from './halt.ts';
import { leverage } from './leverage.ts';
import type { Limit } from './limit.ts';
import { marketData } from './market-data.ts';
import { marketHours } from './market-hours.ts';
import { orderRate } from './order-rate.ts';
import { positionSize } from './position-size.ts';
import { priceCollar } from './price-collar.ts';
import { signalAge } from './signal-age.ts';

export const LIMITS: readonly Limit[] = [
  halt,
  marketHours,
  marketData,
  signalAge,
  orderRate,
  priceCollar,
  dailyLoss,
  drawdown,
  positionSize,
  concentration,
  leverage,
];
