/** The engine's own stream, `engine`: what was decided on which evidence, and by which build. */

import { z } from 'zod';
import { eventType, idText } from '../event.ts';

/** A decision as it is recorded within its cascade; the copy in its own stream has the same id, type and data. */
export const recordedDecision = z.strictObject({
  id: idText,
  stream: z.string(),
  type: z.string(),
  schemaVersion: z.int().min(1),
  data: z.record(z.string(), z.unknown()),
  reactor: z.string(),
  /** The evidence or the decision that it was decided on. */
  causationId: idText,
  /** Number among that reactor's decisions on that cause; part of the id. */
  index: z.int().nonnegative(),
});
export type RecordedDecision = z.output<typeof recordedDecision>;

/** Everything that followed from one piece of evidence, in order. Evidence on which nothing was decided has none. */
export const CascadeDecided = eventType(
  'CascadeDecided',
  1,
  z.strictObject({
    evidenceId: idText,
    /** A large cascade is recorded in parts, 1 to `parts`, in one append. */
    part: z.int().min(1),
    parts: z.int().min(1),
    decisions: z.array(recordedDecision).min(1),
  }),
);

/** From here on this build decides. Evidence up to and including `after` was decided before it; null at the start. */
export const EngineActivated = eventType(
  'EngineActivated',
  1,
  z.strictObject({ codeVersion: z.string().min(1), after: idText.nullable() }),
);
