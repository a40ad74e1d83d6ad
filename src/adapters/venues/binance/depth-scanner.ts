/**
 * Depth frames of the shape that spot always sends, read in one pass over their characters, which takes a fraction of
 * JSON.parse's time and makes nothing but the levels. Whatever is not exactly of that shape, good or bad, is left to
 * the parser, which says what is wrong with it.
 */

import type { DepthUpdate, Levels } from '../../../domain/market/frames.ts';
import type { InstrumentSettings } from '../../../domain/settings/settings.ts';

const HEAD =
  /^(\d{13})\d{6} \{"stream":"[a-z0-9_]+@depth(?:@\d+ms)?","data":\{"e":"depthUpdate","E":(\d{13}),"s":"([A-Z0-9_]+)","U":(\d{1,15}),"u":(\d{1,15}),"b":\[/;

/** Longer texts would be kept as views into their whole chunk of the file, and larger prices may not be exact. */
const MAX_TEXT = 12;
const QUOTE = 34;
const COMMA = 44;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const OPEN = 91;
const CLOSE = 93;

interface Cursor {
  readonly line: string;
  readonly priceScale: number;
  at: number;
}

/** The update, or undefined when the parser has to see to the line. */
export function scanDepth(line: string, instrument: InstrumentSettings): DepthUpdate | undefined {
  const head = HEAD.exec(line);
  if (head === null || head[3] !== instrument.symbol) return undefined;
  const firstId = Number(head[4]);
  const lastId = Number(head[5]);
  if (lastId < firstId) return undefined;
  const cursor: Cursor = { line, priceScale: instrument.priceScale, at: head[0].length };
  const bids = scanLevels(cursor);
  if (bids === undefined || !line.startsWith(',"a":[', cursor.at)) return undefined;
  cursor.at += 6;
  const asks = scanLevels(cursor);
  if (asks === undefined || !line.startsWith('}}', cursor.at) || line.length !== cursor.at + 2) return undefined;
  return {
    kind: 'depth',
    receivedAt: Number(head[1]),
    eventTime: Number(head[2]),
    firstId,
    lastId,
    previousId: null,
    bids,
    asks,
  };
}

/** Reads `["1.00","2.0"],[...]]` from behind the list's opening bracket to behind its closing one. */
function scanLevels(cursor: Cursor): Levels | undefined {
  const { line } = cursor;
  const prices: number[] = [];
  const quantities: string[] = [];
  if (line.charCodeAt(cursor.at) === CLOSE) {
    cursor.at++;
    return { prices, quantities };
  }
  for (;;) {
    if (line.charCodeAt(cursor.at) !== OPEN || line.charCodeAt(cursor.at + 1) !== QUOTE) return undefined;
    cursor.at += 2;
    const price = scanPrice(cursor);
    if (!(price > 0) || line.charCodeAt(cursor.at) !== COMMA || line.charCodeAt(cursor.at + 1) !== QUOTE) return undefined;
    cursor.at += 2;
    const quantity = scanQuantity(cursor);
    if (quantity === undefined || line.charCodeAt(cursor.at) !== CLOSE) return undefined;
    prices.push(price);
    quantities.push(quantity);
    const next = line.charCodeAt(cursor.at + 1);
    cursor.at += 2;
    if (next === CLOSE) return { prices, quantities };
    if (next !== COMMA) return undefined;
  }
}

/** Digits, a point, digits, and the quote behind them; price in units, or NaN. */
function scanPrice(cursor: Cursor): number {
  const { line, priceScale } = cursor;
  let { at } = cursor;
  const start = at;
  let units = 0;
  let code = line.charCodeAt(at);
  if (code === ZERO && line.charCodeAt(at + 1) !== POINT) return Number.NaN;
  for (; code >= ZERO && code <= NINE; code = line.charCodeAt(++at)) units = units * 10 + code - ZERO;
  if (code !== POINT || at === start || at - start > MAX_TEXT) return Number.NaN;
  const point = at;
  code = line.charCodeAt(++at);
  for (; code >= ZERO && code <= NINE; code = line.charCodeAt(++at)) {
    if (at - point <= priceScale) units = units * 10 + code - ZERO;
    else if (code !== ZERO) return Number.NaN;
  }
  if (code !== QUOTE || at === point + 1) return Number.NaN;
  for (let decimals = at - point - 1; decimals < priceScale; decimals++) units *= 10;
  cursor.at = at + 1;
  return units <= Number.MAX_SAFE_INTEGER ? units : Number.NaN;
}

/** Digits, a point, digits, and the quote behind them; without the zeros at its end. */
function scanQuantity(cursor: Cursor): string | undefined {
  const { line } = cursor;
  let { at } = cursor;
  const start = at;
  let code = line.charCodeAt(at);
  if (code === ZERO && line.charCodeAt(at + 1) !== POINT) return undefined;
  while (code >= ZERO && code <= NINE) code = line.charCodeAt(++at);
  if (code !== POINT || at === start) return undefined;
  const point = at;
  let end = point;
  code = line.charCodeAt(++at);
  for (; code >= ZERO && code <= NINE; code = line.charCodeAt(++at)) if (code !== ZERO) end = at + 1;
  if (code !== QUOTE || at === point + 1 || end - start > MAX_TEXT) return undefined;
  cursor.at = at + 1;
  return line.slice(start, end);
}
