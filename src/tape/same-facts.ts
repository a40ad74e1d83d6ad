/** When two events say the same: the rule by which what is recorded is compared with what was to be appended. */

import { inTodaysShape, type TapeEvent } from '../domain/catalogue.ts';
import { equalJson } from './canonical-json.ts';

/** Equal in id, stream, type, data and cause, each in today's shape: another build may have recorded them in an older one. */
export function sameDecisions(a: readonly TapeEvent[], b: readonly TapeEvent[]): boolean {
  const [left, right] = [a, b].map((decisions) => decisions.map(inTodaysShape)) as [TapeEvent[], TapeEvent[]];
  return left.length === right.length && left.every((decision, index) => sameFact(decision, right[index] as TapeEvent));
}

/** Is it the same event: equal in id, stream, type, data and direct cause? */
export function sameFact(a: TapeEvent, b: TapeEvent): boolean {
  return (
    a.id === b.id &&
    a.stream === b.stream &&
    a.type === b.type &&
    a.metadata.causationId === b.metadata.causationId &&
    equalJson(a.data, b.data)
  );
}
