import { type Amount, parseAmount } from '../../../core/amount.ts';
import { BinanceError, missingParameter } from './errors.ts';

/** Prices and quantities have at most so many decimals. */
const MOST_DECIMALS = 8;

/** The parameters of one request, by name. Its getters throw the error that Binance answers. */
export class Parameters {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  optional(name: string): string | undefined {
    const value = this.#values.get(name);
    if (value === '') throw new BinanceError(-1105, `Parameter '${name}' was empty.`);
    return value;
  }

  required(name: string): string {
    const value = this.#values.get(name);
    if (value === undefined || value === '') throw missingParameter(name);
    return value;
  }

  integer(name: string): number | undefined {
    const text = this.optional(name);
    if (text === undefined) return undefined;
    if (!/^-?\d{1,19}$/.test(text)) {
      throw new BinanceError(-1100, `Illegal characters found in parameter '${name}'; legal range is '^[0-9]{1,20}$'.`);
    }
    return Number(text);
  }

  /** From 1 to `most`; `usual` where it is not sent. More than `most` counts as `most`. */
  limit(usual: number, most: number): number {
    const limit = this.integer('limit') ?? usual;
    if (limit <= 0) throw new BinanceError(-1130, "Data sent for parameter 'limit' is not valid.");
    return Math.min(limit, most);
  }

  amount(name: string): Amount | undefined {
    const text = this.optional(name);
    if (text === undefined) return undefined;
    const value = parseAmount(text);
    if (value === undefined) {
      throw new BinanceError(
        -1100,
        `Illegal characters found in parameter '${name}'; legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'.`,
      );
    }
    if (value % 10n ** BigInt(12 - MOST_DECIMALS) !== 0n)
      throw new BinanceError(-1111, `Parameter '${name}' has too much precision.`);
    return value;
  }

  requiredAmount(name: string): Amount {
    const value = this.amount(name);
    if (value === undefined) throw missingParameter(name);
    return value;
  }

  isTrue(name: string): boolean {
    return this.optional(name)?.toLowerCase() === 'true';
  }
}

/** Name-value pairs of a query string or a form body. Throws -1101 for a name that comes twice. */
export function parsePairs(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const pair of text.split('&').filter((part) => part !== '')) {
    const separator = pair.indexOf('=');
    const [name, value] = separator < 0 ? [pair, ''] : [pair.slice(0, separator), pair.slice(separator + 1)];
    if (values.has(name)) throw new BinanceError(-1101, 'Duplicate values for a parameter detected.');
    values.set(decoded(name), decoded(value));
  }
  return values;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new BinanceError(-1100, 'Illegal characters found in a parameter.');
  }
}
