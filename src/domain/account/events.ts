/** Events of an account: its holdings, worth and limits, in `account-<account>`. */

import { z } from 'zod';
import { assetText, decimalText, eventType, idText, isoTimeText, nameText, symbolText, venueText } from '../event.ts';
import { haltMode, haltScope, limitCheck } from '../order/events.ts';

/** After every fill: one strategy's position in one instrument. */
export const PositionChanged = eventType(
  'PositionChanged',
  1,
  z.strictObject({
    account: nameText,
    strategy: nameText,
    venue: venueText,
    symbol: symbolText,
    orderId: idText,
    tradeId: z.string(),
    /** Signed base quantity held now. */
    quantity: decimalText,
    /**
     * What the open quantity cost, in the quote asset; negative for a short position. Fees are not included, but one
     * paid in the base asset has made the quantity smaller for the same cost.
     */
    cost: decimalText,
    /** Cost over quantity, rounded to 12 places for display; null when flat. */
    averageEntryPrice: decimalText.nullable(),
    /** Profit of what was closed so far, in the quote asset: what sales brought less the cost of what was sold. */
    realizedProfit: decimalText,
  }),
);

export const BalanceChanged = eventType(
  'BalanceChanged',
  1,
  z.strictObject({
    account: nameText,
    asset: assetText,
    change: decimalText,
    balance: decimalText,
    reason: z.enum(['opening', 'trade', 'fee']),
    orderId: idText.nullable(),
  }),
);

/**
 * After each fill, at the start of each day, once a minute of what it is valued at when its equity changed, at the first
 * price of something that it was opened with, and at the end of a feed that values it.
 * Version 1 did not say what it was opened with, versions 1 and 2 not at what time of the market: their upcasts say that
 * this is not known.
 */
export const AccountMarked = eventType(
  'AccountMarked',
  3,
  z.strictObject({
    account: nameText,
    /** The time that it is valued at; null before any market has told one. A person's request has its own. */
    at: isoTimeText.nullable(),
    currency: assetText,
    equity: decimalText,
    /** What it was opened with was worth at the first price of each asset; null: not known. */
    openingEquity: decimalText.nullable(),
    /** The balance in the account's currency. */
    cash: decimalText,
    /** Highest equity since the account was opened or a person last resumed it. */
    peak: decimalText,
    /** Equity after everything up to the start of the UTC day, at the prices of that moment. */
    dayStart: decimalText,
    /** Use against bound of the limits that do not depend on an order. */
    limits: z.array(limitCheck),
  }),
  { 1: (data) => ({ ...data, openingEquity: null }), 2: (data) => ({ ...data, at: null }) },
);

export const TradingHalted = eventType(
  'TradingHalted',
  1,
  z.strictObject({ account: nameText, scope: haltScope, mode: haltMode, reason: z.string(), requestId: idText }),
);

export const TradingResumed = eventType(
  'TradingResumed',
  1,
  z.strictObject({ account: nameText, scope: haltScope, reason: z.string(), requestId: idText }),
);
