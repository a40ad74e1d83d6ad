/** What the document says of times in a query, and what is taken, are one. */

import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { timeRange } from '../../../src/api/http/query.ts';

const schema = z.toJSONSchema(z.strictObject(timeRange), { io: 'input' });
const pattern = new RegExp((schema.properties as { from: { pattern: string } }).from.pattern, 'u');
const isTaken = (text: string): boolean => timeRange.from.safeParse(text).success;

/** By JavaScript's own calendar. */
function exists(year: number, month: number, day: number): boolean {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

describe('a time in a query', () => {
  it('is a day that exists, by the pattern as by the server', () => {
    for (const year of [0, 1, 1900, 1999, 2000, 2023, 2024, 9999]) {
      for (let month = 0; month <= 13; month++) {
        for (let day = 0; day <= 32; day++) {
          const pad = (value: number, width: number) => String(value).padStart(width, '0');
          const text = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
          const expected = month >= 1 && month <= 12 && day >= 1 && exists(year, month, day);
          expect([text, pattern.test(text), isTaken(text)]).toEqual([text, expected, expected]);
        }
      }
    }
  });

  it.each([
    ['2024-08-08T23:54:15Z', true],
    ['2024-08-08T23:54:15.2Z', true],
    ['2024-08-08T23:54:15.208Z', true],
    ['2024-08-08T24:00:00Z', false],
    ['2024-08-08T23:60:00Z', false],
    ['2024-08-08T23:54:60Z', false],
    ['2024-08-08T23:54Z', false],
    ['2024-08-08T23:54:15', false],
    ['2024-08-08T23:54:15.2081Z', false],
    ['2024-08-08 ', false],
  ])('%s is taken: %s', (text, expected) => expect([pattern.test(text), isTaken(text)]).toEqual([expected, expected]));
});
