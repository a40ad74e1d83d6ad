/**
 * The settings file: what is listed, fed, opened, limited and run. The tape's settings are in force; a file only
 * proposes. Descriptions are published with the JSON Schema, for editors to show.
 */

import { z } from 'zod';
import { assetText, durationText, nameText, nonNegativeDecimal, positiveDecimal, symbolText, venueText } from '../event.ts';
import { INTERVALS } from '../interval.ts';
import { CALENDARS, type CalendarName } from '../market/calendar.ts';
import { riskLimits } from '../risk/limits.ts';

export const instrument = z.strictObject({
  venue: venueText.describe('Where it is traded, in lower case, such as "binance".'),
  symbol: symbolText.describe('Its name as the venue writes it, such as "BTCUSDT".'),
  kind: z.enum(['spot', 'perpetual', 'future']),
  base: assetText.describe('The asset that is bought and sold.'),
  quote: assetText.describe('The asset that prices are in.'),
  settle: assetText
    .optional()
    .describe('What profit is paid in: the quote asset, unless said otherwise, or the base asset: then the contract is inverse.'),
  contractSize: positiveDecimal
    .default('1')
    .describe('Base units per contract, of an inverse contract quote units; "1" for spot.'),
  priceScale: z.int().min(0).max(16).describe('Decimal places of prices.'),
  quantityScale: z.int().min(0).max(18).describe('Decimal places of quantities.'),
  tickSize: positiveDecimal.describe('Smallest step of a price.'),
  lotSize: positiveDecimal.describe('Smallest step of a quantity.'),
  minNotional: nonNegativeDecimal.describe('Smallest price times quantity of an order, in the quote asset.'),
  calendar: z.enum(Object.keys(CALENDARS) as [CalendarName]).describe('When it is traded.'),
});
export type InstrumentSettings = z.output<typeof instrument>;

/** How fast a recorded session is played: at once, or at a multiple of real time. */
export const paceText = z
  .string()
  .regex(/^(max|(?!0+(\.0+)?$)\d{1,6}(\.\d{1,3})?)$/, 'must be "max" or a multiple of real time above zero, such as "1" or "10"');

/** A pace as a multiple of real time; null: at once. */
export function paceSpeed(text: string): number | null {
  return text === 'max' ? null : Number(text);
}

/** The paces that feeds name, each once, in their order. A run has one: that which they name, or "max" where none does. */
export function pacesOf(feeds: Iterable<{ readonly pace?: string | undefined }>): string[] {
  const bySpeed = new Map<number | null, string>();
  for (const { pace } of feeds) if (pace !== undefined && !bySpeed.has(paceSpeed(pace))) bySpeed.set(paceSpeed(pace), pace);
  return [...bySpeed.values()];
}

/** Three bytes each at most, and so well under the largest event that a store takes (256 KiB). */
const MAX_RECORDINGS_CHARACTERS = 60_000;

export const feed = z.strictObject({
  venue: venueText.describe("The instrument's venue."),
  symbol: symbolText.describe("The instrument's symbol."),
  source: z.enum(['recording']).describe('"recording": the files under "recordings", one after the other, as one session.'),
  recordings: z
    .array(z.string().min(1).max(500))
    .max(1000)
    .refine((paths) => paths.join('').length <= MAX_RECORDINGS_CHARACTERS, 'must be shorter: the paths do not fit into one event')
    .default([])
    .describe('Files to read, relative to the settings file.'),
  pace: paceText
    .optional()
    .describe(
      'How fast "tapedeck run" plays recorded sessions: a multiple of real time, such as "1"; "max", unless said otherwise: at once. All feeds are one run, and have one pace.',
    ),
  bars: z.enum(INTERVALS).describe('Interval of the bars that ingest makes or reads.'),
  rollups: z
    .array(z.enum(INTERVALS))
    .max(INTERVALS.length)
    .default([])
    .describe('Longer bars that the engine makes from them; each a multiple of "bars".'),
  depth: z
    .strictObject({
      levels: z.int().min(1).max(100).describe('Levels of each side.'),
      every: durationText.describe('Time between two samples, such as "1s".'),
    })
    .optional()
    .describe('Samples of the book; absent where only candles are known.'),
  lastIsWhole: z
    .boolean()
    .optional()
    .describe(
      'Of candles: whether the last one in the files was over when they were fetched. Unless it was, it is held back until a later one comes.',
    ),
  staleAfter: durationText
    .default('500ms')
    .describe("A feed with a book is stale when nothing came for this long by the receiver's clock."),
});
export type FeedSettings = z.output<typeof feed>;

/** Assets that an account may begin with; more would not fit into one cascade with the accounts opened beside it. */
export const MAX_ASSETS = 10;

/** So small that what it grows to still fits into an event. */
const openingBalance = nonNegativeDecimal.refine((text) => !/^\d{19}/.test(text), 'must be below 1000000000000000000');

/** More than the whole would leave a balance below nothing. */
const fraction = nonNegativeDecimal.refine((text) => /^(0|1(\.0+)?$)/.test(text), 'must be a fraction from 0 to 1');

/** Absent in a file, so that a set that was recorded before there was one has the same hash. */
const volumeShare = z
  .string()
  .regex(/^(off|1(\.0{1,24})?|0\.(?=\d*[1-9])\d{1,24})$/, 'must be a fraction above 0 and up to 1, or "off"');

export const account = z.strictObject({
  id: nameText.describe('Its name, for good.'),
  venue: z.enum(['paper']).describe('"paper": orders are filled by Tapedeck\'s own rules, never sent to a venue.'),
  currency: assetText.describe('What equity is counted in; it cannot change.'),
  balances: z
    .record(assetText, openingBalance)
    .refine((balances) => Object.keys(balances).length <= MAX_ASSETS, `must be at most ${MAX_ASSETS} assets`)
    .describe('What the account begins with, by asset.'),
  fees: z
    .strictObject({
      maker: fraction.describe('Of orders that rested in the book.'),
      taker: fraction.describe('Of orders that took from the book.'),
      paidIn: z
        .union([z.enum(['quote', 'base']), z.strictObject({ asset: assetText, price: positiveDecimal })])
        .default('quote')
        .describe(
          'The instrument\'s quote asset; "base": what is received, which is base on a purchase and quote on a sale; or a third asset with the price of one unit in the account\'s currency, taken from what no strategy holds, else from the quote asset.',
        ),
    })
    .describe('Fee rates as fractions of the notional.'),
  slippage: fraction
    .default('0')
    .describe('Adverse part of the price that a market order pays where only candles are known, as a fraction.'),
  maxVolumeShare: volumeShare
    .optional()
    .describe(
      'Largest part of a bar\'s volume that the account fills of it in an instrument, as a fraction, or "off"; "0.25", unless said otherwise. The rest of a market order expires, that of a limit order waits for the next bar.',
    ),
  maxFillGap: durationText
    .optional()
    .describe(
      'How long a market order waits for the next bar where only candles are known, such as "8h"; when that opens later, the order expires. Two intervals of the bars, seven days for bars of a day, unless said otherwise.',
    ),
  latency: durationText.default('100ms').describe('Time from a decision to the venue, where a book is known.'),
  limits: riskLimits.describe('A limit that is absent is not checked.'),
});
export type AccountSettings = z.output<typeof account>;

export const strategy = z.strictObject({
  name: nameText.describe('Its own name; its signals and its position are kept under it.'),
  kind: nameText.describe('What it does.'),
  venue: venueText.describe("The instrument's venue."),
  symbol: symbolText.describe("The instrument's symbol."),
  interval: z.enum(INTERVALS).describe('The bars that it takes: one of those that the feed makes.'),
  params: z.record(z.string(), z.json()).describe('The figures of its kind.'),
  account: nameText.describe('The account that it trades in.'),
  mode: z
    .enum(['long-flat', 'long-short'])
    .describe('What a sell signal makes of its position: none, or a short one (not with spot instruments).'),
  size: z
    .union([
      z.strictObject({ quantity: positiveDecimal.describe('In base units.') }),
      z.strictObject({ notional: positiveDecimal.describe('In the quote asset.') }),
      z.strictObject({ equityFraction: positiveDecimal.describe("Of the account's equity.") }),
    ])
    .describe('How large a position it takes.'),
});
export type StrategySettings = z.output<typeof strategy>;

export const settingsFile = z.strictObject({
  $schema: z.string().optional(),
  generation: z.int().min(1).describe('Counts the changes: raise it with each. The highest on the tape is in force.'),
  instruments: z.array(instrument).max(10_000).describe('What is listed; it can be changed in part, and not removed.'),
  feeds: z.array(feed).max(10_000).describe('Where market data come from.'),
  accounts: z.array(account).max(1_000).describe('Who holds and may do what; an account cannot be removed.'),
  strategies: z.array(strategy).max(10_000).describe('What is run.'),
});
export type Settings = z.output<typeof settingsFile>;
