import { type Amount, parseAmount } from '../../../core/amount.ts';
import { emptyParameter, JSON_ERROR, wrongParameter } from './errors.ts';

/** The parameters of one request, or of one order in it. An empty text is a parameter that was not sent. */
export class Parameters {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  optional(name: string): string | undefined {
    const value = this.#values[name];
    if (value === undefined || value === null || value === '') return undefined;
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
  }

  required(name: string): string {
    const value = this.optional(name);
    if (value === undefined) throw emptyParameter(name);
    return value;
  }

  /** Undefined where it was not sent; throws 51000 for what is none of `known`. */
  oneOf<T extends string>(name: string, known: readonly T[]): T | undefined {
    const value = this.optional(name);
    if (value === undefined) return undefined;
    if (!(known as readonly string[]).includes(value)) throw wrongParameter(name);
    return value as T;
  }

  integer(name: string): number | undefined {
    const text = this.optional(name);
    if (text === undefined) return undefined;
    if (!/^\d{1,20}$/.test(text)) throw wrongParameter(name);
    return Number(text);
  }

  /** From 1 on; more than `most` counts as `most`. */
  limit(usual: number, most: number, name = 'limit'): number {
    const limit = this.integer(name) ?? usual;
    if (limit < 1) throw wrongParameter(name);
    return Math.min(limit, most);
  }

  amount(name: string): Amount {
    const value = parseAmount(this.required(name));
    if (value === undefined || value === 0n) throw wrongParameter(name);
    return value;
  }

  isTrue(name: string): boolean {
    return this.optional(name) === 'true';
  }
}

/** Of a query string. */
export function queryParameters(query: string): Parameters {
  return new Parameters(Object.fromEntries(new URLSearchParams(query)));
}

/** Of a JSON body: an object, or a list of them. Throws 50002 for what is neither. */
export function bodyParameters(body: string): Parameters[] {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw JSON_ERROR();
  }
  const list = Array.isArray(value) ? value : [value];
  if (!list.every((item) => typeof item === 'object' && item !== null)) throw JSON_ERROR();
  return list.map((item) => new Parameters(item as Record<string, unknown>));
}
