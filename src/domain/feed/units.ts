/**
 * Prices as whole numbers of their instrument's smallest decimal place, and quantities as whole hundred-millionths,
 * within the safe integers. Not of the lot, for venues hold and trade quantities finer than today's lots (a level of
 * 25.426189 BTC where the lot is 0.00001). Exact, and quick enough for every message of a feed.
 */

import { type Decimal, formatUnits, isDecimal, parseDecimal } from '../decimal.ts';

/** A text that is not such a number: says why. */
export class UnitsError extends Error {}

const ZERO_CODE = 48;
const POINT_CODE = 46;
const MAX_LENGTH = 60;

/**
 * `"61737.63000000"` at scale 2 is 6173763. Throws UnitsError for what is no plain decimal number of zero or more,
 * has digits beyond the scale that are not zero, or does not fit.
 */
export function parseUnits(text: string, scale: number): number {
  const { length } = text;
  if (length === 0 || length > MAX_LENGTH) throw notDecimal(text);
  if (length > 1 && text.charCodeAt(0) === ZERO_CODE && text.charCodeAt(1) !== POINT_CODE) throw notDecimal(text);
  let units = 0;
  let decimals = -1;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code === POINT_CODE) {
      if (decimals >= 0 || i === 0 || i === length - 1) throw notDecimal(text);
      decimals = 0;
      continue;
    }
    const digit = code - ZERO_CODE;
    if (digit < 0 || digit > 9) throw text.startsWith('-') ? new UnitsError(`"${text}" is negative`) : notDecimal(text);
    if (decimals < 0) {
      units = units * 10 + digit;
    } else if (decimals < scale) {
      units = units * 10 + digit;
      decimals++;
    } else if (digit !== 0) {
      throw new UnitsError(`"${text}" has more than the instrument's ${scale} decimal places`);
    }
  }
  for (let missing = scale - Math.max(decimals, 0); missing > 0; missing--) units *= 10;
  if (units > Number.MAX_SAFE_INTEGER) throw new UnitsError(`"${text}" is too large at ${scale} decimal places`);
  return units;
}

/** Decimal places of the units of a quantity: what Binance writes. */
export const QUANTITY_SCALE = 8;

/**
 * In units of `QUANTITY_SCALE` decimal places; as its canonical text where these are too coarse or too many for a safe
 * integer. Equal quantities are equal values.
 */
export type Quantity = number | string;

/** `"3.78826000"` is 378826000. Throws UnitsError for what is no plain decimal number of zero or more. */
export function parseQuantity(text: string): Quantity {
  const units = shortQuantity(text);
  if (units >= 0) return units;
  const canonical = canonicalText(text);
  const point = canonical.indexOf('.');
  const decimals = point < 0 ? 0 : canonical.length - point - 1;
  if (decimals <= QUANTITY_SCALE) {
    const units = Number(canonical.replace('.', '') + '0'.repeat(QUANTITY_SCALE - decimals));
    if (units <= Number.MAX_SAFE_INTEGER) return units;
  }
  if (!isDecimal(canonical)) throw notDecimal(text);
  return canonical;
}

/** Most characters of a quantity whose digits are an exact number whatever they are. */
const SHORT_LENGTH = 15;
const POWERS_OF_TEN: readonly number[] = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];

/** The units of a short plain number, as nearly all quantities are; -1 of any other text, good or bad. */
function shortQuantity(text: string): number {
  const { length } = text;
  if (length === 0 || length > SHORT_LENGTH) return -1;
  let digits = 0;
  let point = -1;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code >= ZERO_CODE && code <= ZERO_CODE + 9) digits = digits * 10 + code - ZERO_CODE;
    else if (code === POINT_CODE && point < 0 && i > 0 && i < length - 1) point = i;
    else return -1;
  }
  if (length > 1 && text.charCodeAt(0) === ZERO_CODE && point !== 1) return -1;
  const power = POWERS_OF_TEN[QUANTITY_SCALE - (point < 0 ? 0 : length - point - 1)];
  if (power === undefined) return -1;
  const units = digits * power;
  return units <= Number.MAX_SAFE_INTEGER ? units : -1;
}

/** The canonical text: 378826000 is `"3.78826"`. */
export function formatQuantity(quantity: Quantity): string {
  return typeof quantity === 'string' ? quantity : formatUnits(quantity, QUANTITY_SCALE);
}

export function quantityToDecimal(quantity: Quantity): Decimal {
  return typeof quantity === 'string' ? parseDecimal(quantity) : { units: BigInt(quantity), scale: QUANTITY_SCALE };
}

/** `"3.78826000"` is `"3.78826"`, and every zero is `"0"`. */
function canonicalText(text: string): string {
  const { length } = text;
  if (length === 0 || length > MAX_LENGTH) throw notDecimal(text);
  let point = -1;
  let significant = 0;
  let isZero = true;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code === POINT_CODE) {
      if (point >= 0 || i === 0 || i === length - 1) throw notDecimal(text);
      point = i;
      continue;
    }
    if (code < ZERO_CODE || code > ZERO_CODE + 9) {
      throw text.startsWith('-') ? new UnitsError(`"${text}" is negative`) : notDecimal(text);
    }
    if (code !== ZERO_CODE) isZero = false;
    if (point < 0 || code !== ZERO_CODE) significant = i + 1;
  }
  if (isZero) return '0';
  if (text.charCodeAt(0) === ZERO_CODE && point !== 1) throw notDecimal(text);
  return significant === length ? text : text.slice(0, significant);
}

function notDecimal(text: string): UnitsError {
  return new UnitsError(`"${text.slice(0, MAX_LENGTH)}" is not a decimal number`);
}
