/** Market data: what is listed and fed, prices, books and bars. */

import { z } from 'zod';
import { symbolText, venueText } from '../domain/event.ts';
import { INTERVALS } from '../domain/market/interval.ts';
import { instrumentKey } from '../domain/settings/in-force.ts';
import type { FeedSettings } from '../domain/settings/settings.ts';
import { bars } from '../projections/bars.ts';
import { books } from '../projections/books.ts';
import { type PriceDocument, prices } from '../projections/prices.ts';
import type { ApiDependencies, ApiServer } from './dependencies.ts';
import { notFound } from './problem.ts';
import { minPosition, page, symbol, timePage, timeRange, venue } from './query.ts';
import { collectionOf, findDocument, listDocuments, pageOfMap, present, reflect, reflectTape } from './reading.ts';
import type { SettingsReader } from './settings-reader.ts';

const listQuery = z.strictObject(page);
const instrumentPath = z.strictObject({ venue: venueText, symbol: symbolText });
const oneInstrument = { schema: { params: instrumentPath, querystring: z.strictObject(minPosition) } };

export function marketRoutes(server: ApiServer, deps: ApiDependencies, settings: SettingsReader): void {
  listingRoutes(server, deps, settings);
  priceRoutes(server, deps);
  barRoutes(server, deps);
}

/** `GET /v1/instruments` and `/v1/feeds`: as the settings in force say; feeds with their state. */
function listingRoutes(server: ApiServer, deps: ApiDependencies, settings: SettingsReader): void {
  server.get('/v1/instruments', { schema: { querystring: listQuery } }, async ({ query }, reply) => {
    await reflectTape(deps, query, reply);
    const { instruments } = await settings.inForce();
    return pageOfMap(instruments, 'instruments', query, (instrument) => instrument);
  });

  server.get('/v1/feeds', { schema: { querystring: listQuery } }, async ({ query }, reply) => {
    await reflect(deps, [prices], query, reply);
    const { feeds } = await settings.inForce();
    const shown = pageOfMap(feeds, 'feeds', query, (feed) => feed);
    return { ...shown, data: await withStates(deps, shown.data) };
  });
}

/** `state` is null for a feed from which nothing has come yet. */
async function withStates(deps: ApiDependencies, feeds: readonly FeedSettings[]) {
  const keys = feeds.map(({ venue, symbol }) => instrumentKey(venue, symbol));
  const found = await deps.reads.load(collectionOf(deps, prices), keys);
  return feeds.map((feed, index) => {
    const price = found.get(keys[index] as string) as PriceDocument | undefined;
    return { ...feed, state: price?.feed ?? null, time: price?.time ?? null };
  });
}

/** `GET /v1/prices`, `/v1/prices/{venue}/{symbol}` and `/v1/book/{venue}/{symbol}`: the latest of each. */
function priceRoutes(server: ApiServer, deps: ApiDependencies): void {
  const pricesQuery = z.strictObject({ venue, symbol, ...page });
  server.get('/v1/prices', { schema: { querystring: pricesQuery } }, async ({ query }, reply) => {
    await reflect(deps, [prices], query, reply);
    const equal = { venue: query.venue, symbol: query.symbol };
    return listDocuments(deps, 'prices', query, { projection: prices, equal, sort: 'venue', descending: false });
  });

  for (const [path, projection, thing] of [
    ['/v1/prices/:venue/:symbol', prices, 'price'],
    ['/v1/book/:venue/:symbol', books, 'book'],
  ] as const) {
    server.get(path, oneInstrument, async ({ params, query }, reply) => {
      await reflect(deps, [projection], query, reply);
      const document = await findDocument<object>(deps, projection, instrumentKey(params.venue, params.symbol));
      if (document === undefined) throw notFound(`There is no ${thing} of "${params.symbol}" at "${params.venue}".`);
      return present(document);
    });
  }
}

const barsQuery = z.strictObject({
  venue: venueText,
  symbol: symbolText,
  interval: z.enum(INTERVALS),
  ...timeRange,
  ...timePage,
});

/** `GET /v1/bars`: of one instrument and interval, by open time. */
function barRoutes(server: ApiServer, deps: ApiDependencies): void {
  server.get('/v1/bars', { schema: { querystring: barsQuery } }, async ({ query }, reply) => {
    await reflect(deps, [bars], query, reply);
    const { venue, symbol, interval, from, to } = query;
    return listDocuments(deps, 'bars', query, {
      projection: bars,
      equal: { venue, symbol, interval },
      sort: 'openTime',
      descending: query.order === 'desc',
      from,
      to,
    });
  });
}
