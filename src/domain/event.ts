/** An event as the domain knows it: its facts and where they came from, without its place in a store. */

import { z } from 'zod';
import { isDecimal } from './decimal.ts';
import { isComposed, LETTER_OR_DIGIT, NAME_CHARACTER, UNPRINTABLE } from './printable.ts';
import { isIsoTime } from './time.ts';

/** Flat strings only, because some stores take nothing else. */
export interface Metadata {
  /** The venue's or the event's own time, ISO 8601 UTC with milliseconds. A decision carries its evidence's. */
  readonly occurredAt: string;
  /** Id of the root cause: the evidence or the request that everything else follows from. */
  readonly correlationId: string;
  /** Id of the direct cause; the event's own id where nothing on the tape caused it. */
  readonly causationId: string;
  /** The part (`ingest`, `engine`) or person (`api:alice`, `cli:bob`) that recorded it. */
  readonly actor: string;
  /** The build that made it. */
  readonly codeVersion: string;
  /** Decisions only: the reactor that decided, the evidence it was decided on, and the number in the id. */
  readonly reactor?: string;
  readonly evidence?: string;
  readonly index?: string;
  /** W3C trace context of the request that brought it, and of what was decided on that. */
  readonly traceparent?: string;
}

export interface EventOf<Type extends string, Data> {
  /** UUIDv5 made from the world's own key (evidence) or from its cause (decisions). */
  readonly id: string;
  readonly stream: string;
  readonly type: Type;
  readonly schemaVersion: number;
  readonly data: Data;
  readonly metadata: Metadata;
}

/** An event type: its name, the shape of its data today, and how data of older versions become today's. */
export interface EventType<Type extends string = string, Schema extends z.ZodType = z.ZodType> {
  readonly type: Type;
  readonly version: number;
  readonly schema: Schema;
  /** `upcasts[n]` turns data of version n into data of version n + 1. */
  readonly upcasts: Readonly<Record<number, (data: Readonly<Record<string, unknown>>) => Record<string, unknown>>>;
}

export function eventType<const Type extends string, Schema extends z.ZodType>(
  type: Type,
  version: number,
  schema: Schema,
  upcasts: EventType['upcasts'] = {},
): EventType<Type, Schema> {
  return { type, version, schema, upcasts };
}

/** Makes an event id from a name: the same name gives the same id on any machine. Handed in, as it needs SHA-1. */
export type MakeId = (name: string) => string;

// --- The shapes that event data are made of ---

/** Any decimal number as a string. */
export const decimalText = z.string().refine(isDecimal, 'must be a decimal number in a string, such as "12.5"');
/** A decimal number above zero. */
export const positiveDecimal = decimalText.refine((text) => !text.startsWith('-') && /[1-9]/.test(text), 'must be above zero');
/** A decimal number of zero or more. */
export const nonNegativeDecimal = decimalText.refine((text) => !text.startsWith('-'), 'must not be negative');
/** A price that may be unknown. */
export const optionalPrice = decimalText.nullable();
export const isoTimeText = z.string().refine(isIsoTime, 'must be a UTC time such as "2024-08-08T23:54:15.208Z"');
/** A duration as a count and a unit: `100ms`, `1s`, `5m`. */
export const durationText = z.string().regex(/^(0|[1-9]\d{0,8})(ms|s|m|h)$/, 'must be a duration such as "500ms", "1s" or "5m"');
/** A name used in stream names: letters, digits and `_ . -`, not starting with a mark. */
export const nameText = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/,
    'must be 1 to 64 letters, digits, "_", "." or "-", starting with a letter or digit',
  );
export const venueText = z.string().regex(/^[a-z][a-z0-9]{0,31}$/, 'must be lower case letters and digits, such as "binance"');
const COMPOSED = "must be in Unicode's composed form (NFC)";
/**
 * A symbol as its venue writes it (`BTCUSDT`, `BTC-USD`, `币安人生USDT`): up to 64 characters. Not `|`, which parts the
 * names that ids are made from; not quotes and backslashes, which are written otherwise wherever texts are quoted; and
 * not `.` and `..`, which are no names in a URL.
 */
export const symbolText = z
  .string()
  .regex(
    new RegExp(String.raw`^(?!\.\.?$)(?![-\p{M}])(?:(?!["'\x60\\|])${NAME_CHARACTER}){1,64}$`, 'u'),
    'must be a symbol as the venue writes it, such as "BTCUSDT": up to 64 printable characters, without spaces, quotes, "\\" and "|"',
  )
  .refine(isComposed, COMPOSED);
/** An asset: digits and letters, capital ones where a script has them in ASCII (`BTC`, `1INCH`, `币安人生`). */
export const assetText = z
  .string()
  .regex(
    new RegExp(String.raw`^(?!\p{M})(?:[A-Z0-9]|(?![\0-\x7f])${LETTER_OR_DIGIT}){1,16}$`, 'u'),
    'must be an asset code such as "BTC"',
  )
  .refine(isComposed, COMPOSED);
export const idText = z.uuid();
/**
 * Why a person asks for something, as they may say it today: a line with something to read in it. Events keep what
 * older builds took.
 */
export const writtenReason = z
  .string()
  .max(500)
  .regex(
    new RegExp(String.raw`^(?=.*[^\s\u00ad\u200b-\u200d\u2060])[^${UNPRINTABLE}]+$`, 'u'),
    'must say why, in one line without control or bidirectional characters',
  );
export const side = z.enum(['buy', 'sell']);
export type Side = z.output<typeof side>;
