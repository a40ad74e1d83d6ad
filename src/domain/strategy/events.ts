/** The events of strategies. */

import { z } from 'zod';
import { eventType, isoTimeText, nameText, side, symbolText, venueText } from '../event.ts';
import { INTERVALS } from '../interval.ts';

/** A strategy wants another position: `buy` is long, `sell` is flat or short, as its mode says. */
export const SignalGenerated = eventType(
  'SignalGenerated',
  1,
  z.strictObject({
    strategy: nameText,
    venue: venueText,
    symbol: symbolText,
    interval: z.enum(INTERVALS),
    side,
    /** The bar that caused it. */
    barOpenTime: isoTimeText,
    barCloseTime: isoTimeText,
    barSource: z.enum(['live', 'recording', 'backfill']),
    /** The strategy's own figures, enough to make the decision again by hand. */
    reason: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    /** Of the `StrategyConfigured` in force. */
    settingsHash: z.string().regex(/^[0-9a-f]{64}$/),
  }),
);
export type Signal = z.output<typeof SignalGenerated.schema>;
