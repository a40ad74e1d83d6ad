/** The metadata of an event as it is published: in the event schemas and by the API. */

import { z } from 'zod';
import { idText, isoTimeText } from '../domain/event.ts';

export const eventMetadata = z.strictObject({
  occurredAt: isoTimeText.describe("The venue's or the event's own time; a decision's is that of its evidence."),
  recordedAt: isoTimeText.describe("By the tape's clock."),
  correlationId: idText.describe('The evidence or the request that it ultimately follows from.'),
  causationId: idText.describe('The event that directly caused it; its own id if there is none.'),
  actor: z.string().describe('A part of the system, or a person: `ingest`, `engine`, `api:alice`, `cli:bob`.'),
  codeVersion: z.string().describe('The build that made it.'),
  reactor: z.string().optional().describe('Of a decision: the part of the engine that made it.'),
  evidence: idText.optional().describe('Of a decision: the evidence that it was made on.'),
  index: z.string().optional().describe("Of a decision: its number among that reactor's decisions on that cause."),
  traceparent: z.string().optional().describe('The W3C trace context of the request that recorded or caused it.'),
});
