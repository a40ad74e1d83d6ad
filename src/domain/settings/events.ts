/** Settings on the tape. A set is proposed event by event and takes effect, whole, at its `SettingsApplied`. */

import { z } from 'zod';
import { eventType, nameText, symbolText, venueText } from '../event.ts';
import { riskLimits } from '../risk/limits.ts';
import { account, feed, instrument, strategy } from './settings.ts';

export const InstrumentListed = eventType('InstrumentListed', 1, instrument);
export const InstrumentUpdated = eventType('InstrumentUpdated', 1, instrument);

/** Version 1 did not say whether the last candle is whole, which stays unsaid. */
export const FeedConfigured = eventType('FeedConfigured', 2, feed, { 1: (data) => ({ ...data }) });
export const FeedRetired = eventType('FeedRetired', 1, z.strictObject({ venue: venueText, symbol: symbolText }));

/** Without its limits, which are their own event. */
const accountTerms = account.omit({ limits: true });
/** Version 1 had no bounds of fills: those that are usual hold for it. */
const unbounded = { 1: (data: Readonly<Record<string, unknown>>) => ({ ...data }) };
export const AccountOpened = eventType('AccountOpened', 2, accountTerms, unbounded);
/** Fees, slippage, latency or bounds of fills changed; opening balances have no effect any more. */
export const AccountUpdated = eventType('AccountUpdated', 2, accountTerms, unbounded);
export const RiskLimitsSet = eventType('RiskLimitsSet', 1, z.strictObject({ account: nameText, limits: riskLimits }));

/** `settingsHash` is the SHA-256 of the strategy's settings as canonical JSON; signals name it. */
export const StrategyConfigured = eventType(
  'StrategyConfigured',
  1,
  strategy.extend({ settingsHash: z.string().regex(/^[0-9a-f]{64}$/) }),
);
export type ConfiguredStrategy = z.output<typeof StrategyConfigured.schema>;
export const StrategyRetired = eventType('StrategyRetired', 1, z.strictObject({ name: nameText }));

/**
 * Closes a set, which is the `changes` settings events before it; what lies before those was cut off and has no effect.
 * `hash` is the SHA-256 of the whole settings as canonical JSON; `reason` is why, where a person said so.
 */
export const SettingsApplied = eventType(
  'SettingsApplied',
  1,
  z.strictObject({
    generation: z.int().min(1),
    changes: z.int().nonnegative(),
    hash: z.string().regex(/^[0-9a-f]{64}$/),
    reason: z.string().min(1).max(500).optional(),
  }),
);
