/** The last prices of instruments, from the tape itself. */

import { instrumentKey } from '../domain/settings/in-force.ts';
import type { EventStore } from '../ports/event-store.ts';
import { eventsOf } from '../ports/pages.ts';

/** How far back bars are looked through: an instrument without one in so many has no price that counts. */
const MAX_BARS = 10_000;

export interface LastPrice {
  readonly price: string;
  /** Close time of the bar that it closed. */
  readonly at: string;
}

/**
 * The close of the latest bar of each of these instruments, by key, as far as there is one. The latest is that with the
 * greatest time: an older recording may have been taken in later.
 */
export async function lastPrices(store: EventStore, keys: Iterable<string>): Promise<ReadonlyMap<string, LastPrice>> {
  const wanted = new Set(keys);
  const found = new Map<string, LastPrice>();
  if (wanted.size === 0) return found;
  const query = { categories: ['bars'], types: ['BarClosed'], isBackward: true };
  for await (const { type, data } of eventsOf(store, query, MAX_BARS)) {
    if (type !== 'BarClosed') continue;
    const key = instrumentKey(data.venue, data.symbol);
    if (!wanted.has(key) || data.closeTime <= (found.get(key)?.at ?? '')) continue;
    found.set(key, { price: data.close, at: data.closeTime });
  }
  return found;
}
