/** The limits, cheapest first. Adding one is a file, its test, and a line here. */

import { z } from 'zod';
import type { Limit, LimitSetting } from './limit.ts';
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

/** In the order of the checks, which the tape shows. */
const KNOWN_LIMITS = [
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
] as const satisfies readonly Limit[];

export const LIMITS: readonly Limit[] = KNOWN_LIMITS;

type KnownSetting = Exclude<(typeof KNOWN_LIMITS)[number]['setting'], null>;
type SettingShape = { [S in KnownSetting as S['key']]: S['schema'] };

/** An account's limits as they are checked, by their settings; null where one is not checked. Plain data. */
export type AccountLimits = { readonly [S in KnownSetting as S['key']]: ReturnType<S['read']> };

/** Settings recorded on every tape in this order, which is older than that of the checks; later ones follow them. */
const FIRST_RECORDED: readonly string[] = [
  'positionSize',
  'dailyLoss',
  'drawdown',
  'concentration',
  'leverage',
  'priceCollar',
  'orderRate',
  'marketHours',
] satisfies (keyof AccountLimits)[];

/** How an account's settings say the limits, in the order in which they are recorded. */
export const LIMIT_SETTINGS: readonly LimitSetting<unknown>[] = LIMITS.flatMap(({ setting }) => setting ?? []).sort(
  (a, b) => recordedRank(a) - recordedRank(b),
);

function recordedRank({ key }: LimitSetting<unknown>): number {
  const rank = FIRST_RECORDED.indexOf(key);
  return rank < 0 ? FIRST_RECORDED.length : rank;
}

/** An account's limits as its settings say them. A limit that is absent is not checked. */
export const riskLimits = z.strictObject(
  Object.fromEntries(LIMIT_SETTINGS.map(({ key, schema }) => [key, schema])) as unknown as SettingShape,
);
export type RiskLimits = z.output<typeof riskLimits>;

/** Reads limits once, when they take effect; `limits` is undefined for an account that has none. */
export function readLimits(limits: RiskLimits | undefined): AccountLimits {
  const set: Readonly<Record<string, unknown>> = limits ?? {};
  return Object.fromEntries(LIMIT_SETTINGS.map(({ key, read }) => [key, read(set[key])])) as AccountLimits;
}
