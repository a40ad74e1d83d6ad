/**
 * How a cascade is recorded: in parts, each an event of the stream `engine`, all in one append. Its bytes are bounded,
 * beside the number of its decisions, by what the store with the smallest append takes, and on every store alike: the
 * same evidence must not be decided on here and stop the engine there.
 */

import type { TapeEvent } from '../../domain/catalogue.ts';
import { toRecordedDecision, traceOf } from '../../domain/engine/engine.ts';
import type { RecordedDecision } from '../../domain/engine/events.ts';
import { ENGINE_STREAM } from '../../domain/streams.ts';
import { makeId } from '../../tape/id.ts';

/** Most characters of decisions in one part: well under the smallest event limit of any store (256 KiB). */
const MAX_PART_CHARACTERS = 60_000;

/** Most bytes of all decisions as JSON. EventStoreDB takes 1 MiB an append, and parts or copies add their metadata. */
export const MAX_CASCADE_BYTES = 900 * 1024;

/** The events that record what was decided on `evidence`, in order. Throws when it is more than every store takes. */
export function cascadeEvents(evidence: TapeEvent, decisions: readonly TapeEvent[], codeVersion: string): TapeEvent[] {
  const parts = partsOf(evidence, decisions);
  return parts.map((part, index) => ({
    id: makeId(`CascadeDecided|${evidence.id}|${index + 1}`),
    stream: ENGINE_STREAM,
    type: 'CascadeDecided',
    schemaVersion: 1,
    data: { evidenceId: evidence.id, part: index + 1, parts: parts.length, decisions: part },
    metadata: {
      occurredAt: evidence.metadata.occurredAt,
      correlationId: evidence.metadata.correlationId,
      causationId: evidence.id,
      actor: 'engine',
      codeVersion,
      ...traceOf(evidence.metadata),
    },
  }));
}

function partsOf(evidence: TapeEvent, decisions: readonly TapeEvent[]): RecordedDecision[][] {
  const parts: RecordedDecision[][] = [];
  let characters = MAX_PART_CHARACTERS;
  let bytes = 0;
  for (const decision of decisions.map(toRecordedDecision)) {
    const text = JSON.stringify(decision);
    bytes += Buffer.byteLength(text);
    if (characters + text.length > MAX_PART_CHARACTERS) {
      parts.push([]);
      characters = 0;
    }
    (parts[parts.length - 1] as RecordedDecision[]).push(decision);
    characters += text.length;
  }
  if (bytes > MAX_CASCADE_BYTES) {
    throw new Error(
      `the ${decisions.length} decisions on ${evidence.type} ${evidence.id} have ${bytes} bytes, more than ${MAX_CASCADE_BYTES}, which every store takes at once`,
    );
  }
  return parts;
}
