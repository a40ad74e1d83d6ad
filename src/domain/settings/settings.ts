/** The settings file: what is listed, fed, opened, limited and run. The tape's settings are in force; a file only proposes. */

import { z } from 'zod';
import { assetText, nameText, nonNegativeDecimal, positiveDecimal, symbolText, venueText } from '../event.ts';
import { INTERVALS } from '../market/interval.ts';

export const instrument = z.strictObject({
  venue: venueText,
  symbol: symbolText,
  kind: z.enum(['spot', 'perpetual', 'future']),
  base: assetText,
  quote: assetText,
  /** What profit is paid in; the quote asset unless said otherwise. */
  settle: assetText.optional(),
  /** Base units per contract; "1" for spot. */
  contractSize: positiveDecimal.default('1'),
  /** Decimal places of prices and quantities. */
  priceScale: z.int().min(0).max(18),
  quantityScale: z.int().min(0).max(18),
  /** Smallest step of a price, and of a quantity. */
  tickSize: positiveDecimal,
  lotSize: positiveDecimal,
  /** Smallest price times quantity of an order, in the quote asset. */
  minNotional: nonNegativeDecimal,
  calendar: z.enum(['24/7']),
});
export type InstrumentSettings = z.output<typeof instrument>;

/** A duration as a count and a unit: `100ms`, `1s`, `5m`. */
export const durationText = z.string().regex(/^(0|[1-9]\d{0,8})(ms|s|m|h)$/, 'must be a duration such as "500ms", "1s" or "5m"');

/** Milliseconds of a duration text. */
export function durationMs(text: string): number {
  const unit = text.endsWith('ms') ? 'ms' : text.slice(-1);
  const count = Number(text.slice(0, -unit.length));
  const length: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  return count * (length[unit] ?? Number.NaN);
}

/** Three bytes each at most, and so well under the largest event that a store takes (256 KiB). */
const MAX_RECORDINGS_CHARACTERS = 60_000;

export const feed = z.strictObject({
  venue: venueText,
  symbol: symbolText,
  /** `recording`: the files under `recordings`, one after the other, as one session. */
  source: z.enum(['recording']),
  /** Paths relative to the settings file. */
  recordings: z
    .array(z.string().min(1).max(500))
    .max(1000)
    .refine((paths) => paths.join('').length <= MAX_RECORDINGS_CHARACTERS, 'must be shorter: the paths do not fit into one event')
    .default([]),
  /** Interval of the bars that ingest makes or reads. */
  bars: z.enum(INTERVALS),
  /** Longer bars that the engine makes from them. */
  rollups: z.array(z.enum(INTERVALS)).max(INTERVALS.length).default([]),
  /** Samples of the book; absent where only candles are known. */
  depth: z.strictObject({ levels: z.int().min(1).max(100), every: durationText }).optional(),
  /** A feed with a book is stale when nothing came for this long by the receiver's clock. */
  staleAfter: durationText.default('500ms'),
});
export type FeedSettings = z.output<typeof feed>;

/** A limit that is absent is not checked. */
export const riskLimits = z.strictObject({
  /** Most that a position may be worth, in the account's currency. */
  positionSize: positiveDecimal.optional(),
  /** Most that may be lost since the start of the day, in the account's currency. */
  dailyLoss: positiveDecimal.optional(),
  /** Most that equity may lie under its peak, as a fraction of the peak. */
  drawdown: positiveDecimal.optional(),
  /** Most of the equity that one asset may make up, as a fraction. */
  concentration: positiveDecimal.optional(),
  /** Most that all positions together may be worth, as a multiple of equity. */
  leverage: positiveDecimal.optional(),
  /** Most that a limit price may lie beyond the reference price, as a fraction of it. */
  priceCollar: positiveDecimal.optional(),
  orderRate: z.strictObject({ orders: z.int().min(1).max(10_000), per: durationText }).optional(),
  /** Deny opening orders outside the instrument's sessions. */
  marketHours: z.boolean().default(true),
});
export type RiskLimits = z.output<typeof riskLimits>;

/** Assets that an account may begin with; more would not fit into one cascade with the accounts opened beside it. */
export const MAX_ASSETS = 10;

/** More than the whole would leave a balance below nothing. */
const fraction = nonNegativeDecimal.refine((text) => /^(0|1(\.0+)?$)/.test(text), 'must be a fraction from 0 to 1');

export const account = z.strictObject({
  id: nameText,
  /** `paper`: orders are filled by Tapedeck's own rules, never sent to a venue. */
  venue: z.enum(['paper']),
  /** What equity is counted in. */
  currency: assetText,
  /** Opening balances. */
  balances: z
    .record(assetText, nonNegativeDecimal)
    .refine((balances) => Object.keys(balances).length <= MAX_ASSETS, `must be at most ${MAX_ASSETS} assets`),
  /** Fee rates as fractions of the notional; `asset` is what fees are paid in when it is not the asset received. */
  fees: z.strictObject({
    maker: fraction,
    taker: fraction,
    /** `quote` (default) or `base` of the instrument, or a third asset with the price of one unit in the account's currency. */
    paidIn: z.union([z.enum(['quote', 'base']), z.strictObject({ asset: assetText, price: positiveDecimal })]).default('quote'),
  }),
  /** Adverse part of the price that a market order pays where only candles are known. */
  slippage: fraction.default('0'),
  /** Time from a decision to the venue, where a book is known. */
  latency: durationText.default('100ms'),
  limits: riskLimits,
});
export type AccountSettings = z.output<typeof account>;

export const strategy = z.strictObject({
  name: nameText,
  kind: nameText,
  venue: venueText,
  symbol: symbolText,
  interval: z.enum(INTERVALS),
  /** Checked by the strategy kind's own schema. */
  params: z.record(z.string(), z.json()),
  account: nameText,
  mode: z.enum(['long-flat', 'long-short']),
  /** `quantity` in base units, `notional` in the quote asset, `equityFraction` of the account's equity. */
  size: z.union([
    z.strictObject({ quantity: positiveDecimal }),
    z.strictObject({ notional: positiveDecimal }),
    z.strictObject({ equityFraction: positiveDecimal }),
  ]),
});
export type StrategySettings = z.output<typeof strategy>;

export const settingsFile = z.strictObject({
  $schema: z.string().optional(),
  generation: z.int().min(1),
  instruments: z.array(instrument).max(10_000),
  feeds: z.array(feed).max(10_000),
  accounts: z.array(account).max(1_000),
  strategies: z.array(strategy).max(10_000),
});
export type Settings = z.output<typeof settingsFile>;
