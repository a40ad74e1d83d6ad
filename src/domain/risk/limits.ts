/** The limits, cheapest first. Adding one is a file and a line here. */

import type { Limit } from './limit.ts';
import { concentration } from './limits/concentration.ts';
import { dailyLoss } from './limits/daily-loss.ts';
import { drawdown } from './limits/drawdown.ts';
import { halt } from './limits/halt.ts';
import { leverage } from './limits/leverage.ts';
import { marketData } from './limits/market-data.ts';
import { marketHours } from './limits/market-hours.ts';
import { orderRate } from './limits/order-rate.ts';
import { positionSize } from './limits/position-size.ts';
import { priceCollar } from './limits/price-collar.ts';
import { signalAge } from './limits/signal-age.ts';

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
