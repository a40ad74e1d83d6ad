/** Market data: what is listed and fed, prices, books and bars. */

import { z } from 'zod';
import { decimalText, isoTimeText, symbolText, venueText } from '../domain/event.ts';
import { BarClosed, DepthSampled, FEED_STALE_REASONS } from '../domain/market/events.ts';
import { INTERVALS } from '../domain/market/interval.ts';
import { instrumentKey } from '../domain/settings/in-force.ts';
import { type FeedSettings, feed, instrument } from '../domain/settings/settings.ts';
import { bars } from '../projections/bars.ts';
import { books } from '../projections/books.ts';
import { type PriceDocument, prices } from '../projections/prices.ts';
import type { ApiDependencies, ApiServer } from './dependencies.ts';
import { described, found, pageOfShape } from './describe.ts';
import { notFound } from './problem.ts';
import { minPosition, page, symbol, timePage, timeRange, venue } from './query.ts';
import { collectionOf, findText, listTexts, pageOfMap, reflect, reflectTape } from './reading.ts';
import type { SettingsReader } from './settings-reader.ts';

const listQuery = z.strictObject(page);
const instrumentPath = z.strictObject({ venue: venueText, symbol: symbolText });
const ofOneInstrument = { params: instrumentPath, querystring: z.strictObject(minPosition) };

const instrumentShape = instrument.meta({ id: 'Instrument' });
const feedState = z.strictObject({
  state: z.enum(['live', 'stale']),
  reason: z.enum(FEED_STALE_REASONS).nullable().describe('Why it is stale.'),
  since: isoTimeText.nullable(),
});
const feedShape = feed
  .extend({ state: feedState.nullable().describe('Null: nothing has come yet.'), time: isoTimeText.nullable() })
  .meta({ id: 'Feed' });
const priceShape = z
  .strictObject({
    venue: venueText,
    symbol: symbolText,
    last: decimalText.nullable().describe('Close of the latest bar.'),
    lastTime: isoTimeText.nullable(),
    bid: decimalText.nullable(),
    ask: decimalText.nullable(),
    quoteTime: isoTimeText.nullable(),
    time: isoTimeText.nullable().describe('The later of the two times.'),
    feed: feedState,
  })
  .meta({ id: 'Price' });
const bookShape = DepthSampled.schema.meta({ id: 'Book', description: 'Levels are price and quantity, best first.' });
const barShape = BarClosed.schema
  .extend({ corrected: z.boolean().describe('A late trade changed it after it had closed and been decided upon.') })
  .meta({ id: 'Bar' });

export function marketRoutes(server: ApiServer, deps: ApiDependencies, settings: SettingsReader): void {
  listingRoutes(server, deps, settings);
  priceRoutes(server, deps);
  barRoutes(server, deps);
}

/** `GET /v1/instruments` and `/v1/feeds`: as the settings in force say; feeds with their state. */
function listingRoutes(server: ApiServer, deps: ApiDependencies, settings: SettingsReader): void {
  const instrumentList = described(
    { id: 'listInstruments', group: 'market', summary: 'What is listed', answers: pageOfShape(instrumentShape) },
    { querystring: listQuery },
  );
  server.get('/v1/instruments', instrumentList, async ({ query }, reply) => {
    await reflectTape(deps, query, reply);
    const { instruments } = await settings.inForce();
    return pageOfMap(instruments, 'instruments', query, (instrument) => instrument);
  });

  const feedList = described(
    { id: 'listFeeds', group: 'market', summary: 'What is fed, and whether it can be trusted', answers: pageOfShape(feedShape) },
    { querystring: listQuery },
  );
  server.get('/v1/feeds', feedList, async ({ query }, reply) => {
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
  const priceList = described(
    { id: 'listPrices', group: 'market', summary: 'The latest price of each instrument', answers: pageOfShape(priceShape) },
    { querystring: pricesQuery },
  );
  server.get('/v1/prices', priceList, async ({ query }, reply) => {
    await reflect(deps, [prices], query, reply);
    const equal = { venue: query.venue, symbol: query.symbol };
    return listTexts(deps, reply, 'prices', query, { projection: prices, equal, sort: 'venue', descending: false });
  });

  for (const { path, projection, thing, id, summary, shape } of [
    {
      path: '/v1/prices/:venue/:symbol',
      projection: prices,
      thing: 'price',
      id: 'getPrice',
      summary: 'The latest price of one instrument',
      shape: priceShape,
    },
    {
      path: '/v1/book/:venue/:symbol',
      projection: books,
      thing: 'book',
      id: 'getBook',
      summary: 'The last sample of its book',
      shape: bookShape,
    },
  ] as const) {
    const one = described({ id, group: 'market', summary, answers: found(shape), problems: [404] }, ofOneInstrument);
    server.get(path, one, async ({ params, query }, reply) => {
      await reflect(deps, [projection], query, reply);
      const text = await findText<object>(deps, reply, projection, instrumentKey(params.venue, params.symbol));
      if (text === undefined) throw notFound(`There is no ${thing} of "${params.symbol}" at "${params.venue}".`);
      return text;
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
  const list = described(
    { id: 'listBars', group: 'market', summary: 'Bars, by open time', answers: pageOfShape(barShape) },
    { querystring: barsQuery },
  );
  server.get('/v1/bars', list, async ({ query }, reply) => {
    await reflect(deps, [bars], query, reply);
    const { venue, symbol, interval, from, to } = query;
    return listTexts(deps, reply, 'bars', query, {
      projection: bars,
      equal: { venue, symbol, interval },
      sort: 'openTime',
      descending: query.order === 'desc',
      from,
      to,
    });
  });
}
