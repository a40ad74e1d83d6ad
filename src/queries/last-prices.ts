/** What instruments traded at last, from the tape itself. */

import { instrumentKey } from '../domain/settings/in-force.ts';
import type { EventStore } from '../ports/event-store.ts';

const PAGE = 500;
/** How far back bars are looked through: an instrument without one in so many has no price that counts. */
const MAX_PAGES = 20;

export interface LastPrice {
  readonly price: string;
  /** Close time of the bar that it closed. */
  readonly time: string;
}

/** The close of the latest bar of each of these instruments, by key, as far as there is one. */
export async function lastPrices(store: EventStore, keys: Iterable<string>): Promise<ReadonlyMap<string, LastPrice>> {
  const wanted = new Set(keys);
  const found = new Map<string, LastPrice>();
  let after: string | undefined;
  for (let pages = 0; pages < MAX_PAGES && found.size < wanted.size; pages++) {
    const page = await store.read({ categories: ['bars'], types: ['BarClosed'], backward: true, after, limit: PAGE });
    for (const { type, data } of page) {
      if (type !== 'BarClosed') continue;
      const key = instrumentKey(data.venue, data.symbol);
      if (wanted.has(key) && !found.has(key)) found.set(key, { price: data.close, time: data.closeTime });
    }
    after = page.at(-1)?.position;
    if (page.length < PAGE) break;
  }
  return found;
}
