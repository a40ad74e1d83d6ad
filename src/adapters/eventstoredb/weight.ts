/** What events take in memory, about: their numbers are few, and their texts are what they are. */

import type { StoredEvent } from '../../tape/envelope.ts';

/** Bytes. */
export function weightOf(event: StoredEvent): number {
  return 600 + weigh(event.data);
}

function weigh(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  let sum = 16;
  for (const part of Object.values(value)) sum += weigh(part);
  return sum;
}
