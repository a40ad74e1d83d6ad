import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HttpRequest } from '../../exchange-simulator/core/venue.ts';

/** One call of ccxt, and the request that it would send; none where ccxt itself refuses the call. */
export interface CcxtCase {
  readonly call: string;
  readonly note: string;
  readonly symbol: string;
  readonly request?: {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string | null;
  };
}

/** All calls, with the key and the time that their requests are signed with. */
export interface CcxtCases {
  readonly apiKey: string;
  readonly secret: string;
  readonly milliseconds: number;
  readonly cases: readonly CcxtCase[];
}

/** One request (`rest`) or frame (`ws-in`) of a real client. */
export interface ClientLine {
  readonly t: string;
  readonly m: string;
  readonly path: string;
  readonly q: string;
  readonly body: string;
  readonly url: string;
  readonly msg: string;
  readonly hs: Readonly<Record<string, string>>;
}

/** A file of venue-data, as text. */
export function venueData(name: string): string {
  return readFileSync(join(import.meta.dirname, 'venue-data', name), 'utf8');
}

export function ccxtCases(name: string): CcxtCases {
  return JSON.parse(venueData(name)) as CcxtCases;
}

export function clientLines(name: string): ClientLine[] {
  const lines = venueData(name).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as ClientLine);
}

/** As it would arrive. */
export function requestOfCase({ method, url, headers, body }: NonNullable<CcxtCase['request']>): HttpRequest {
  const { pathname, search } = new URL(url);
  const lowerCase = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    method,
    path: pathname,
    query: search.slice(1),
    headers: Object.fromEntries(lowerCase),
    body: body ?? '',
    address: 'a',
  };
}

/** As it arrived. */
export function requestOfLine({ m: method, path, q: query, hs: headers, body }: ClientLine): HttpRequest {
  return { method, path, query, headers, body, address: 'a' };
}
