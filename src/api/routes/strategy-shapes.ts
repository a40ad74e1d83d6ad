/** Strategies and their signals as the API shows them. */

import { z } from 'zod';
import { idText, isoTimeText, side } from '../../domain/event.ts';
import { StrategyConfigured } from '../../domain/settings/events.ts';
import { SignalGenerated } from '../../domain/strategy/events.ts';
import { position } from '../http/query.ts';
import { halts } from './account-shapes.ts';

/** Parameters are any JSON, which JSON Schema says more plainly than zod does. */
export const configuredStrategy = StrategyConfigured.schema.extend({ params: z.record(z.string(), z.unknown()) });

const lastSignal = z.strictObject({ id: idText, side, barOpenTime: isoTimeText, at: isoTimeText });

export const strategyShape = configuredStrategy
  .extend({
    halts,
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
