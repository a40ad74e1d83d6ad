/**
 * Exact decimal arithmetic for prices, quantities and money. A value is `units / 10^scale`, both integers, so no
 * binary floating point ever decides an order. Values are plain data and can be copied with `structuredClone`.
 */

export interface Decimal {
  readonly units: bigint;
  /** Number of decimal places, 0 or more. */
  readonly scale: number;
}

/** What to do with digits that do not fit; `half-even` is the rounding of IEEE 754 and of most ledgers. */
export type Rounding = 'floor' | 'ceil' | 'half-even';

/** Most digits on either side of the point that a decimal string may have: far above any venue's, and bounded. */
const DECIMAL_PATTERN = /^-?(0|[1-9]\d{0,29})(\.\d{1,24})?$/;

const POWERS_OF_TEN: readonly bigint[] = Array.from({ length: 64 }, (_, exponent) => BigInt(`1${'0'.repeat(exponent)}`));

const MAX_SAFE_UNITS = BigInt(Number.MAX_SAFE_INTEGER);
/** Powers of ten that a number holds exactly beside any such units. */
const SAFE_POWERS: readonly number[] = POWERS_OF_TEN.slice(0, 16).map(Number);

export const ZERO: Decimal = { units: 0n, scale: 0 };
export const ONE: Decimal = { units: 1n, scale: 0 };

/** 10 to the power of `exponent` (0 or more) as an integer. */
export function powerOfTen(exponent: number): bigint {
  return POWERS_OF_TEN[exponent] ?? BigInt(`1${'0'.repeat(exponent)}`);
}

/** Is `text` a plain decimal number such as `-12.50`: no exponent, no plus sign, no leading zeros? */
export function isDecimal(text: string): boolean {
  return DECIMAL_PATTERN.test(text);
}

/** Reads a plain decimal number. Throws a RangeError that quotes the text when it is none. */
export function parseDecimal(text: string): Decimal {
  if (!isDecimal(text)) throw new RangeError(`"${text.slice(0, 60)}" is not a decimal number`);
  const point = text.indexOf('.');
  if (point < 0) return { units: BigInt(text), scale: 0 };
  return { units: BigInt(text.slice(0, point) + text.slice(point + 1)), scale: text.length - point - 1 };
}

/** The canonical text: no exponent, no trailing zeros after the point, no minus zero. */
export function formatDecimal(value: Decimal): string {
  const { units, scale } = value;
  if (scale === 0) return units.toString();
  const isNegative = units < 0n;
  const size = isNegative ? -units : units;
  const text = size <= MAX_SAFE_UNITS && scale < SAFE_POWERS.length ? formatSafe(Number(size), scale) : formatLarge(size, scale);
  return isNegative ? `-${text}` : text;
}

/**
 * In integers that a number holds exactly, which takes less time. Below 2^53 a quotient is never rounded up to the next
 * integer, since it lies further from that than half of what a number can tell apart there.
 */
function formatSafe(units: number, scale: number): string {
  const one = SAFE_POWERS[scale] as number;
  const whole = Math.floor(units / one);
  let rest = units - whole * one;
  if (rest === 0) return `${whole}`;
  let places = scale;
  for (; rest % 10 === 0; places--) rest /= 10;
  return `${whole}.${`${rest}`.padStart(places, '0')}`;
}

function formatLarge(units: bigint, scale: number): string {
  const digits = units.toString().padStart(scale + 1, '0');
  const point = digits.length - scale;
  let end = digits.length;
  while (end > point && digits.charCodeAt(end - 1) === 48) end--;
  return end === point ? digits.slice(0, point) : `${digits.slice(0, point)}.${digits.slice(point, end)}`;
}

/** The canonical text of `units / 10^scale`. */
export function formatUnits(units: bigint | number, scale: number): string {
  return formatDecimal({ units: BigInt(units), scale });
}

function unitsAt(value: Decimal, scale: number): bigint {
  return scale === value.scale ? value.units : value.units * powerOfTen(scale - value.scale);
}

export function add(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { units: unitsAt(a, scale) + unitsAt(b, scale), scale };
}

export function subtract(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { units: unitsAt(a, scale) - unitsAt(b, scale), scale };
}

export function multiply(a: Decimal, b: Decimal): Decimal {
  return normalize({ units: a.units * b.units, scale: a.scale + b.scale });
}

export function negate(value: Decimal): Decimal {
  return { units: -value.units, scale: value.scale };
}

export function absolute(value: Decimal): Decimal {
  return value.units < 0n ? negate(value) : value;
}

/** Negative, zero or positive, as `a` is less than, equal to or greater than `b`. */
export function compare(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const left = unitsAt(a, scale);
  const right = unitsAt(b, scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

export function sign(value: Decimal): -1 | 0 | 1 {
  return value.units < 0n ? -1 : value.units > 0n ? 1 : 0;
}

export function isZero(value: Decimal): boolean {
  return value.units === 0n;
}

export function minimum(a: Decimal, b: Decimal): Decimal {
  return compare(a, b) <= 0 ? a : b;
}

export function maximum(a: Decimal, b: Decimal): Decimal {
  return compare(a, b) >= 0 ? a : b;
}

/** Drops trailing zeros, so that long chains of products do not grow without need. */
export function normalize(value: Decimal): Decimal {
  let { units, scale } = value;
  if (units === 0n) return ZERO;
  while (scale > 0 && units % 10n === 0n) {
    units /= 10n;
    scale--;
  }
  return { units, scale };
}

/** Integer division with the given rounding. `divisor` must not be zero. */
export function divideUnits(dividend: bigint, divisor: bigint, rounding: Rounding): bigint {
  const n = divisor < 0n ? -dividend : dividend;
  const d = divisor < 0n ? -divisor : divisor;
  const truncated = n / d;
  const remainder = n - truncated * d;
  if (remainder === 0n) return truncated;
  const floor = remainder < 0n ? truncated - 1n : truncated;
  if (rounding === 'floor') return floor;
  if (rounding === 'ceil') return floor + 1n;
  const twice = 2n * (remainder < 0n ? remainder + d : remainder);
  if (twice !== d) return twice < d ? floor : floor + 1n;
  return floor % 2n === 0n ? floor : floor + 1n;
}

/** `a / b` at `scale` decimal places. Throws a RangeError when `b` is zero. */
export function divide(a: Decimal, b: Decimal, scale: number, rounding: Rounding): Decimal {
  if (b.units === 0n) throw new RangeError('division by zero');
  const dividend = a.units * powerOfTen(b.scale + scale);
  const divisor = b.units * powerOfTen(a.scale);
  return { units: divideUnits(dividend, divisor, rounding), scale };
}

/** The same value at `scale` decimal places. */
export function rescale(value: Decimal, scale: number, rounding: Rounding): Decimal {
  if (scale >= value.scale) return { units: unitsAt(value, scale), scale };
  return { units: divideUnits(value.units, powerOfTen(value.scale - scale), rounding), scale };
}

/** The nearest multiple of `step` in the rounding's direction. `step` must be positive. */
export function roundToStep(value: Decimal, step: Decimal, rounding: Rounding): Decimal {
  const scale = Math.max(value.scale, step.scale);
  const stepUnits = unitsAt(step, scale);
  return { units: divideUnits(unitsAt(value, scale), stepUnits, rounding) * stepUnits, scale };
}

/** Is `value` a whole multiple of `step`? */
export function isMultipleOf(value: Decimal, step: Decimal): boolean {
  const scale = Math.max(value.scale, step.scale);
  return unitsAt(value, scale) % unitsAt(step, scale) === 0n;
}

/**
 * The value as an integer count of 10^-scale. Throws a RangeError when it has more decimal places than that:
 * a price finer than its instrument's scale is a wrong setting or a wrong message, never something to round away.
 */
export function toUnits(value: Decimal, scale: number): bigint {
  if (value.scale <= scale) return unitsAt(value, scale);
  const divisor = powerOfTen(value.scale - scale);
  if (value.units % divisor !== 0n) throw new RangeError(`${formatDecimal(value)} has more than ${scale} decimal places`);
  return value.units / divisor;
}
