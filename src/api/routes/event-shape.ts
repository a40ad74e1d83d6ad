/** Events as the API shows them: the envelope, with the data of each type. */

import { z } from 'zod';
import { EVENT_TYPES } from '../../domain/catalogue.ts';
import { type EventType, idText, isoTimeText } from '../../domain/event.ts';
import { position } from '../http/query.ts';
import { configuredStrategy } from './strategy-shapes.ts';

const metadata = z.strictObject({
  occurredAt: isoTimeText.describe("The venue's or the event's own time; a decision's is that of its evidence."),
  recordedAt: isoTimeText.describe("By the store's clock."),
  correlationId: idText.describe('The evidence or the request that it ultimately follows from.'),
  causationId: idText.describe('The event that directly caused it; its own id if there is none.'),
  actor: z.string().describe('A part of the system, or a person: `ingest`, `engine`, `api:alice`, `cli:bob`.'),
  codeVersion: z.string(),
  reactor: z.string().optional().describe('Of a decision: the part of the engine that made it.'),
  evidence: idText.optional().describe('Of a decision: the evidence that it was made on.'),
  index: z.string().optional().describe("Of a decision: its number among that reactor's decisions on that cause."),
  traceparent: z.string().optional().describe('The W3C trace context of the request that recorded or caused it.'),
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
