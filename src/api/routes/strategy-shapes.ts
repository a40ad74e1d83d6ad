/** Strategies and their signals as the API shows them. */

import { z } from 'zod';
import { idText, isoTimeText, nameText, side } from '../../domain/event.ts';
import { StrategyConfigured } from '../../domain/settings/events.ts';
import { SignalGenerated } from '../../domain/strategy/events.ts';
import { position } from '../http/query.ts';
import { halts } from './account-shapes.ts';

/** Parameters are any JSON, which JSON Schema says more plainly than zod does. */
export const configuredStrategy = StrategyConfigured.schema.extend({ params: z.record(z.string(), z.unknown()) });

const lastSignal = z.strictObject({ id: idText, side, barOpenTime: isoTimeText, at: isoTimeText });

export const strategyShape = configuredStrategy
  .extend({
    halts: halts.describe(
      'What holds it in its account: halts of that, of everything, and of the strategy wherever it was halted.',
    ),
    accounts: z
      .array(
        z.strictObject({
          account: nameText,
          inForce: z.boolean().describe('The settings have it trade there.'),
          halts,
        }),
      )
      .describe('How it stands in its account, which comes first, and in those that it was halted in and moved away from.'),
    signals: z.int().describe('Number of signals.'),
    lastSignal: lastSignal.nullable(),
    orders: z.int().describe('Number of orders decided, including denied ones.'),
    denied: z.int(),
    fills: z.int(),
    lastOrder: z
      .strictObject({ id: idText, at: isoTimeText.nullable().describe('In the time of its market; null where none was known.') })
      .nullable()
      .describe('The latest that was decided on.'),
    lastFill: isoTimeText.nullable(),
  })
  .meta({ id: 'Strategy' });

export const signalShape = SignalGenerated.schema
  .extend({
    id: idText,
    at: isoTimeText,
    recordedAt: isoTimeText,
    correlationId: idText,
    position,
  })
  .meta({ id: 'Signal' });
