/** The shapes that query strings are made of. Unknown fields are refused by name (`z.strictObject`). */

import { z } from 'zod';
import { nameText, symbolText, venueText } from '../../domain/event.ts';
import { CURSOR, isCursor, NOT_OURS } from './cursor.ts';

const MAX_PAGE = 1_000;

/** A day that exists, by zod's own pattern of ISO 8601 dates, without groups. */
const DAY = z.regexes.date.source.replace(/^\^|\$$/g, '').replaceAll(/\((?!\?)/g, '(?:');
const TIME = new RegExp(`^(${DAY})(?:T((?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d)(?:\\.(\\d{1,3}))?Z)?$`);

/** A time in ISO 8601 UTC (`2024-08-08T23:54:15.208Z`, fraction of a second optional) or a UTC day (`2024-08-08`). */
const time = z
  .string()
  .regex(TIME, 'must be a UTC time such as "2024-08-08T23:54:15Z", or a day such as "2024-08-08"')
  .describe('A UTC time such as "2024-08-08T23:54:15.208Z", or a day such as "2024-08-08".')
  .transform((text): string => {
    const [, day = '', clock = '00:00:00', fraction = ''] = TIME.exec(text) ?? [];
    return `${day}T${clock}.${fraction.padEnd(3, '0')}Z`;
  });

/** `a,b,c`: any of these. `pattern` is that of one of them. */
export function anyOf<T extends z.ZodType<unknown, string>>(item: T, pattern: string) {
  return z
    .string()
    .meta({ pattern: `^(${pattern})(,(${pattern}))*$`, description: 'Any of these, separated by commas.' })
    .transform((text) => text.split(','))
    .pipe(z.array(item).min(1).max(50));
}

/** An id that is asked for: a UUID has no case, and is stored in small letters. */
export const askedId = z.uuid().toLowerCase();

/** Waits until at least this position is reflected. */
export const position = z.string().regex(/^(0|[1-9]\d{0,19})$/, 'must be a position, as in the header Tapedeck-Position');

export const minPosition = {
  'min-position': position.optional().describe('Wait for up to 5 s until the answer reflects this position.'),
};

/** How many rows a page may have; a text, as everything in a query is. */
export const limit = z
  .string()
  .regex(/^[1-9]\d{0,3}$/, `must be a whole number from 1 to ${MAX_PAGE}`)
  .transform(Number)
  .pipe(z.number().max(MAX_PAGE, `must be at most ${MAX_PAGE}`))
  .default(100);
/** What it is to a client. */
export const limitForClients = { type: 'integer', minimum: 1, maximum: MAX_PAGE, default: 100 };

/** For every list. */
export const page = {
  limit,
  cursor: z
    .string()
    .regex(CURSOR, NOT_OURS)
    .refine(isCursor, NOT_OURS)
    .optional()
    .describe('`next` of the previous page, with the same filters and order.'),
  ...minPosition,
};

/** For lists in order of time: newest first unless asked otherwise. */
export const timePage = { ...page, order: z.enum(['asc', 'desc']).default('desc') };

/** `from` inclusive, `to` exclusive. */
export const timeRange = {
  from: time.optional().describe('At or after this time.'),
  to: time.optional().describe('Before this time.'),
};

export const venue = venueText.optional();
export const symbol = symbolText.optional();
export const name = nameText.optional();
