/** Decimal numbers without rounding: integers that count units of 10^-12, finer than any venue's prices and quantities. */
export type Amount = bigint;

const DECIMALS = 12;

/** One, as an amount. */
export const ONE: Amount = 10n ** BigInt(DECIMALS);

const DECIMAL = /^(\d{1,24})(?:\.(\d{1,12}))?$/;

/** Undefined for what is not a plain decimal number of at most 12 decimals: signs, exponents and blanks are refused. */
export function parseAmount(text: string): Amount | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  return BigInt(match[1] ?? '0') * ONE + BigInt((match[2] ?? '').padEnd(DECIMALS, '0'));
}

/** An amount written in the code or read from a recording. Throws an Error for what is none. */
export function amount(text: string): Amount {
  const value = parseAmount(text);
  if (value === undefined) throw new Error(`"${text}" is no decimal number of at most ${DECIMALS} decimals`);
  return value;
}

/** With exactly `decimals` decimals, truncated toward zero. */
export function formatAmount(value: Amount, decimals: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(DECIMALS + 1, '0');
  const point = digits.length - DECIMALS;
  const text = decimals === 0 ? digits.slice(0, point) : `${digits.slice(0, point)}.${digits.slice(point, point + decimals)}`;
  return value < 0n && /[1-9]/.test(text) ? `-${text}` : text;
}

/** The product, truncated to 12 decimals. */
export function multiply(a: Amount, b: Amount): Amount {
  return (a * b) / ONE;
}

/** The quotient, truncated to 12 decimals. */
export function divide(a: Amount, b: Amount): Amount {
  return (a * ONE) / b;
}

export function least(a: Amount, b: Amount): Amount {
  return a < b ? a : b;
}
