/** How evidence gets onto the tape: in step with the engine of this process, or recorded for whichever engine decides. */

import type { EvidenceDraft } from '../../domain/feed/evidence.ts';
import type { Time } from '../../ports/clock.ts';
import { type EventStore, hasLock } from '../../ports/event-store.ts';
import type { EvidenceOrigin } from '../../tape/envelope.ts';
import type { EngineRunner } from '../engine/engine-runner.ts';
import type { StepOutcome } from '../engine/in-step.ts';
import { EvidenceRecorder } from './evidence-recorder.ts';

/**
 * Takes up to MAX_STEPS pieces of evidence onto the tape, as `EngineRunner.inStep` does. Those in `older` are older than
 * what the tape holds of their feed: they may be there, and are not recorded.
 */
export type EvidenceSink = (
  drafts: readonly EvidenceDraft[],
  origin: Omit<EvidenceOrigin, 'occurredAt'>,
  older?: ReadonlySet<EvidenceDraft>,
) => Promise<StepOutcome>;

/** `engine` is that of this process, which decides on `events`; null where it has none. Across a network evidence is only recorded. */
export function evidenceSink(events: EventStore, engine: Pick<EngineRunner, 'inStep'> | null, time: Time): EvidenceSink {
  if (engine !== null && hasLock(events)) return engine.inStep.bind(engine);
  const recorder = new EvidenceRecorder(events, time);
  return recorder.record.bind(recorder);
}
