/** Accounts, positions and equity as the API shows them. */

import { z } from 'zod';
import { assetText, decimalText, idText, isoTimeText, nameText, symbolText, venueText } from '../../domain/event.ts';
import { haltMode, haltScope, limitCheck } from '../../domain/order/events.ts';
import { riskLimits } from '../../domain/risk/limits.ts';
import { account } from '../../domain/settings/settings.ts';
import { position } from '../http/query.ts';

const halt = z.strictObject({
  scope: haltScope,
  mode: haltMode,
  reason: z.string(),
  requestId: idText,
  since: isoTimeText.describe('When a person asked for it, by the clock.'),
});

const { fees, slippage, latency } = account.shape;

const markTime = isoTimeText.describe('In the time of its market; before any market has told one, by the clock.');
const limitsInUse = z.array(limitCheck).describe('Use against bound of the limits that do not depend on an order.');
const bounds = riskLimits.nullable().describe('As they are set; a limit that is absent is not checked.');
export const halts = z.array(halt).describe('The halts in force.');

const marked = z
  .strictObject({
    equity: decimalText,
    openingEquity: decimalText
      .nullable()
      .describe('What it was opened with, at the first price of each asset; null in a mark of an older version.'),
    cash: decimalText.describe("The balance in the account's currency."),
    peak: decimalText,
    dayStart: decimalText.describe('Equity at the start of the UTC day.'),
    limits: limitsInUse,
    at: markTime,
  })
  .nullable()
  .describe('As it was last marked on the tape, which decisions rest on; null before the engine has opened it.');

const pnl = z
  .strictObject({
    profit: decimalText
      .nullable()
      .describe('Equity less what the account was opened with: realized + unrealized - fees + revaluation. Null: not known.'),
    realized: decimalText,
    unrealized: decimalText,
    fees: decimalText.describe(
      'Paid on top of the price. A fee in the base asset of a spot trade is in the cost of the position instead.',
    ),
    revaluation: decimalText.nullable().describe('What the price moves of its opening balances have made.'),
  })
  .describe("In the account's currency.");

const currentLimits = {
  limits: limitsInUse,
  at: isoTimeText.describe('Time of the latest price in it.'),
  position: position.describe('The position of the tape that it reflects.'),
};

const current = z
  .strictObject({ equity: decimalText, pnl, ...currentLimits })
  .nullable()
  .describe('At the latest prices; null before the engine has opened it.');

const byAsset = z.record(assetText, decimalText);

export const accountShape = z
  .strictObject({
    id: nameText,
    venue: z.string().nullable(),
    currency: assetText.nullable(),
    fees: fees.nullable(),
    slippage: slippage.nullable(),
    latency: latency.nullable(),
    bounds,
    balances: byAsset.describe('By asset.'),
    openings: byAsset.describe('The balances that it was opened with.'),
    feesByAsset: byAsset.describe('Everything that was taken from it as fees.'),
    marked,
    current,
    halts,
    updatedAt: isoTimeText.describe(
      'Of the last event about it: of settings and requests by the clock, else in the time of its market.',
    ),
  })
  .meta({ id: 'Account' });

export const limitsShape = z
  .strictObject({
    account: nameText,
    marked: z.strictObject({ limits: limitsInUse, at: markTime }).nullable().describe('As decisions see them.'),
    current: z.strictObject(currentLimits).nullable().describe('At the latest prices.'),
    bounds,
    halts,
  })
  .meta({ id: 'Limits' });

export const positionShape = z
  .strictObject({
    account: nameText,
    strategy: nameText.describe("A strategy's name, or `manual`."),
    venue: venueText,
    symbol: symbolText,
    quantity: decimalText.describe('In the base asset; negative when short.'),
    cost: decimalText.describe('Of the open quantity, without fees, in the quote asset.'),
    averageEntryPrice: decimalText.nullable(),
    price: decimalText.nullable().describe('The mark of the instrument; null: none yet.'),
    priceTime: isoTimeText.nullable(),
    value: decimalText.nullable().describe('At that price, in the quote asset, as all amounts here.'),
    realizedProfit: decimalText,
    unrealizedProfit: decimalText.nullable(),
    fees: decimalText.describe(
      'Paid on top of the price. A fee in the base asset of a spot trade is in the cost of the position instead.',
    ),
    feesByAsset: byAsset.describe('Everything that its fills paid in fees.'),
    profit: decimalText.nullable().describe('Realized plus unrealized profit less fees.'),
    lastOrderId: idText,
    updatedAt: isoTimeText.describe(
      'When its last fill became known, in the time of its market; by the clock where a person closed it at the last price.',
    ),
    name: z.string(),
  })
  .meta({ id: 'Position' });

export const equityShape = z
  .strictObject({
    account: nameText,
    currency: assetText,
    at: markTime,
    equity: decimalText,
    cash: decimalText,
    peak: decimalText,
    dayStart: decimalText,
  })
  .meta({ id: 'Equity' });
