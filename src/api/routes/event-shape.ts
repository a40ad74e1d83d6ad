/** Events as the API shows them: the envelope, with the data of each type. */

import { z } from 'zod';
import { EVENT_TYPES } from '../../domain/catalogue.ts';
import { type EventType, idText, isoTimeText } from '../../domain/event.ts';
import { position } from '../http/query.ts';
import { configuredStrategy } from './strategy-shapes.ts';

const metadata = z.strictObject({
  occurredAt: isoTimeText.describe("The venue's or the event's own time; a decision's is that of its evidence."),
  recordedAt: isoTimeText.describe("By the store's clock."),
  correlationId: idText.describe('The evidence or the request that it follows from, in the end.'),
  causationId: idText.describe('The event that it follows from directly; its own id where there is none.'),
  actor: z.string().describe('A part, or a person: `ingest`, `engine`, `api:alice`, `cli:bob`.'),
  codeVersion: z.string(),
  reactor: z.string().optional().describe('Of a decision: the part of the engine that made it.'),
  evidence: idText.optional().describe('Of a decision: what it was made upon.'),
  index: z.string().optional().describe("Of a decision: its number among that reactor's upon that cause."),
  traceparent: z
    .string()
    .optional()
    .describe('The W3C trace context of the request that brought it, or that it was decided upon.'),
});

function shapeOf({ type, version, schema }: EventType) {
  return z
    .strictObject({
      id: idText,
      stream: z.string(),
      revision: z.int().nonnegative(),
      position,
      type: z.literal(type),
      schemaVersion: z.literal(version),
      data: type === 'StrategyConfigured' ? configuredStrategy : schema,
      metadata,
    })
    .meta({ id: `${type}Event` });
}

/** Which shape an event has, by its type. */
const mapping = Object.fromEntries(EVENT_TYPES.map(({ type }) => [type, `#/components/schemas/${type}Event`]));

/** Every type of event that this build reads. */
export const eventShape = z
  .discriminatedUnion('type', EVENT_TYPES.map(shapeOf) as [ReturnType<typeof shapeOf>])
  .meta({ id: 'Event', discriminator: { propertyName: 'type', mapping } });
