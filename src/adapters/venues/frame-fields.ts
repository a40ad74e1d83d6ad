/** What the venues' frames have in common: a line `<receive ns> <json>`, and fields that are read or refused. */

import { compare, type Decimal, formatDecimal, isDecimal, parseDecimal } from '../../domain/decimal.ts';
import type { Levels } from '../../domain/feed/messages.ts';
import type { TallyReason } from '../../domain/feed/tally.ts';
import { parseQuantity, parseUnits, type Quantity, quantityToDecimal, UnitsError } from '../../domain/feed/units.ts';
import { contractTerms, turnoverOf, volumesOf } from '../../domain/market/contract.ts';
import type { InstrumentSettings } from '../../domain/settings/settings.ts';

/** A line that is refused: under which reason it counts, and what is wrong with it. */
export class RefusedFrameError extends Error {
  readonly reason: TallyReason;
  /** The kind of frame that it is; undefined where it is none. */
  readonly kind: string | undefined;

  constructor(reason: TallyReason, message: string, kind?: string) {
    super(message);
    this.reason = reason;
    this.kind = kind;
  }
}

/** Most levels of a side in one message; the venue's greatest snapshot has 5,000. */
export const MAX_LEVELS = 20_000;
/** Far above any venue's ids, and so small that what is counted on from them is exact. */
const MAX_ID = 10 ** 15;
/** The year 9999: later times have no form on the tape. */
const MAX_TIME = 253_402_300_799_999;

/** Far above any trade's, in the base or the quote asset. */
const TOO_MUCH = parseDecimal('1000000000000000000000000');

const LINE = /^(\d{16,20}) (?=\{)/;

export type Fields = Readonly<Record<string, unknown>>;

/** What `parse` reads; what it refuses is refused as a frame of that kind. */
export function ofKind<T>(kind: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof RefusedFrameError) throw new RefusedFrameError(error.reason, error.message, kind);
    throw error;
  }
}

export function receiveMs(line: string): number {
  const match = LINE.exec(line);
  if (match === null) throw new RefusedFrameError('not-a-frame', `"${line.slice(0, 60)}" is not \`<receive ns> {frame}\``);
  return Number((match[1] as string).slice(0, -6));
}

export function parseJson(line: string): Fields {
  try {
    return JSON.parse(line.slice(line.indexOf(' ') + 1)) as Fields;
  } catch (error) {
    const message = (error as Error).message.slice(0, 100);
    if (line.endsWith('}')) throw new RefusedFrameError('not-a-frame', `the frame is not JSON: ${message}`);
    throw new RefusedFrameError('truncated-line', `the line ends within its frame: ${message}`);
  }
}

/** The objects of a list, or none where one of it is no object. */
export function objectsOf(list: unknown): readonly Fields[] {
  const isList = Array.isArray(list) && list.every((item) => typeof item === 'object' && item !== null && !Array.isArray(item));
  return isList ? (list as Fields[]) : [];
}

export function levels(fields: Fields, name: string, instrument: InstrumentSettings): Levels {
  const pairs = fields[name];
  if (!Array.isArray(pairs)) throw new RefusedFrameError('bad-frame', `"${name}" is not a list of levels`);
  if (pairs.length > MAX_LEVELS) throw new RefusedFrameError('bad-frame', `"${name}" has more than ${MAX_LEVELS} levels`);
  const prices: number[] = [];
  const quantities: Quantity[] = [];
  for (const pair of pairs as unknown[]) {
    const [price, quantity] = Array.isArray(pair) ? (pair as unknown[]) : [];
    prices.push(priceUnits(name, price, instrument));
    quantities.push(quantityOf(name, quantity));
  }
  return { prices, quantities };
}

export function tradedQuantity(name: string, text: unknown, price: number, instrument: InstrumentSettings): Decimal {
  const quantity = quantityOf(name, text);
  if (quantity === 0) throw new RefusedFrameError('bad-frame', `"${name}" is zero`);
  const value = quantityToDecimal(quantity);
  // What fits into units cannot be too much of what is no larger contract.
  if ((typeof quantity === 'string' || instrument.contractSize !== '1') && !fitsBars(value, price, instrument)) {
    throw new RefusedFrameError('bad-frame', `"${name}": "${quantity}" at that price is too large or too fine for a bar`);
  }
  return value;
}

/** So small that a day of them, added up, is still a number that an event can hold, and no finer than one. */
function fitsBars(quantity: Decimal, price: number, instrument: InstrumentSettings): boolean {
  const terms = contractTerms(instrument);
  const { volume, quoteVolume } = volumesOf(terms, quantity, turnoverOf(terms, price, quantity));
  return [quantity, volume, quoteVolume].every((sum) => isDecimal(formatDecimal(sum)) && compare(sum, TOO_MUCH) < 0);
}

export function priceUnits(name: string, text: unknown, instrument: InstrumentSettings): number {
  const units = reading(name, text, (price) => parseUnits(price, instrument.priceScale));
  if (units === 0) throw new RefusedFrameError('bad-frame', `"${name}" has the price zero`);
  return units;
}

function quantityOf(name: string, text: unknown): Quantity {
  return reading(name, text, parseQuantity);
}

function reading<T>(name: string, text: unknown, read: (text: string) => T): T {
  if (typeof text !== 'string') throw new RefusedFrameError('bad-frame', `"${name}" has a number that is not in a string`);
  try {
    return read(text);
  } catch (error) {
    if (error instanceof UnitsError) throw new RefusedFrameError('bad-frame', `"${name}": ${error.message}`);
    throw error;
  }
}

function wholeNumber(fields: Fields, name: string): number {
  const value = fields[name];
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw new RefusedFrameError('bad-frame', `"${name}" is not a whole number of zero or more`);
  }
  return value as number;
}

export function idOf(fields: Fields, name: string): number {
  const value = wholeNumber(fields, name);
  if (value >= MAX_ID) throw new RefusedFrameError('bad-frame', `"${name}" ${value} is above all ids`);
  return value;
}

export function time(fields: Fields, name: string): number {
  const value = wholeNumber(fields, name);
  if (value > MAX_TIME) throw new RefusedFrameError('bad-frame', `"${name}" ${value} is not a time in milliseconds`);
  return value;
}

/** The same of an id, or of a time, that the venue writes as a text of digits. */
export function idTextOf(fields: Fields, name: string): number {
  return idOf({ [name]: digitsOf(fields, name) }, name);
}

export function timeText(fields: Fields, name: string): number {
  return time({ [name]: digitsOf(fields, name) }, name);
}

function digitsOf(fields: Fields, name: string): number {
  const text = fields[name];
  if (typeof text === 'string' && /^(0|[1-9]\d{0,14})$/.test(text)) return Number(text);
  throw new RefusedFrameError('bad-frame', `"${name}" is not a text of digits`);
}
