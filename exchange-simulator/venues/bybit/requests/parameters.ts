import { type Amount, parseAmount } from '../../../core/amount.ts';
import type { Category } from '../listing.ts';
import { BybitError, badParameter, missing } from './errors.ts';

/** The parameters of one request, by name. Its getters throw the error that Bybit answers. */
export class Parameters {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  /** Undefined for an empty one too: Bybit takes it for not sent. */
  optional(name: string): string | undefined {
    const value = this.#values.get(name);
    return value === '' ? undefined : value;
  }

  required(name: string): string {
    const value = this.optional(name);
    if (value === undefined) throw missing(name);
    return value;
  }

  integer(name: string): number | undefined {
    const text = this.optional(name);
    if (text === undefined) return undefined;
    if (!/^-?\d{1,16}$/.test(text)) throw badParameter(`${name} invalid`);
    return Number(text);
  }

  /** From 1 to `most`; `usual` where it is not sent. More than `most` counts as `most`. */
  limit(usual: number, most: number): number {
    const limit = this.integer('limit') ?? usual;
    if (limit <= 0) throw badParameter('limit invalid');
    return Math.min(limit, most);
  }

  amount(name: string): Amount {
    const value = parseAmount(this.required(name));
    if (value === undefined) throw new BybitError(170130, `Data sent for parameter '${name}' is not valid.`);
    return value;
  }

  category(): Category {
    const category = this.required('category');
    if (category !== 'spot' && category !== 'linear') throw badParameter('Illegal category');
    return category;
  }
}

/** Name-value pairs of a query string. Throws 10001 for what cannot be decoded. */
export function parseQuery(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const pair of text.split('&').filter((part) => part !== '')) {
    const separator = pair.indexOf('=');
    const [name, value] = separator < 0 ? [pair, ''] : [pair.slice(0, separator), pair.slice(separator + 1)];
    try {
      values.set(decodeURIComponent(name), decodeURIComponent(value));
    } catch {
      throw badParameter('request parameter is not URL-encoded');
    }
  }
  return values;
}

/** The members of a JSON object, as text. Throws 10001 for what is none. */
export function parseBody(text: string): Map<string, string> {
  try {
    return membersOf(JSON.parse(text));
  } catch {
    throw badParameter('The request body is no JSON object');
  }
}

/** Throws an Error for what is no object. */
export function membersOf(value: unknown): Map<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('no object');
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return new Map(members.map(([name, member]) => [name, typeof member === 'object' ? JSON.stringify(member) : String(member)]));
}
