/** Accounts, positions and equity as the API shows them. */

import { z } from 'zod';
import { assetText, decimalText, idText, isoTimeText, nameText, symbolText, venueText } from '../../domain/event.ts';
import { haltMode, haltScope, limitCheck } from '../../domain/order/events.ts';
import { riskLimits } from '../../domain/risk/limits.ts';
import { account } from '../../domain/settings/settings.ts';

const halt = z.strictObject({
  scope: haltScope,
  mode: haltMode,
  reason: z.string(),
  requestId: idText,
  since: isoTimeText,
});

const { fees, slippage, latency } = account.shape;

const limitsInUse = z
  .array(limitCheck)
  .describe('Use against bound of the limits that do not depend on an order, as last marked.');
const bounds = riskLimits.nullable().describe('As they are set; a limit that is absent is not checked.');
export const halts = z.array(halt).describe('The halts in force.');

export const accountShape = z
  .strictObject({
    id: nameText,
    venue: z.string().nullable(),
    currency: assetText.nullable(),
    fees: fees.nullable(),
    slippage: slippage.nullable(),
    latency: latency.nullable(),
    bounds,
    balances: z.record(assetText, decimalText).describe('By asset.'),
    equity: decimalText.nullable().describe('As last marked.'),
    cash: decimalText.nullable(),
    peak: decimalText.nullable(),
    dayStart: decimalText.nullable(),
    limits: limitsInUse,
    markedAt: isoTimeText.nullable(),
    halts,
    updatedAt: isoTimeText,
  })
  .meta({ id: 'Account' });

export const limitsShape = z
  .strictObject({ account: nameText, time: isoTimeText.nullable(), limits: limitsInUse, bounds, halts })
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
    realizedProfit: decimalText,
    lastOrderId: idText,
    updatedAt: isoTimeText,
    name: z.string(),
  })
  .meta({ id: 'Position' });

export const equityShape = z
  .strictObject({
    account: nameText,
    currency: assetText,
    time: isoTimeText,
    equity: decimalText,
    cash: decimalText,
    peak: decimalText,
    dayStart: decimalText,
  })
  .meta({ id: 'Equity' });
