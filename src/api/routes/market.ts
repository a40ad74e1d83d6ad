/** Market data: what is listed and fed, prices, books and bars. */

import { z } from 'zod';
import { decimalText, isoTimeText, symbolText, venueText } from '../../domain/event.ts';
import { INTERVALS } from '../../domain/interval.ts';
import { BarClosed, DepthSampled, FEED_STALE_REASONS } from '../../domain/market/events.ts';
import { instrumentKey } from '../../domain/settings/in-force.ts';
import { type FeedSettings, feed, instrument } from '../../domain/settings/settings.ts';
import { bars } from '../../projections/bars.ts';
import { books } from '../../projections/books.ts';
import { type FeedDocument, feeds } from '../../projections/feeds.ts';
import { type InstrumentDocument, instruments } from '../../projections/instruments.ts';
import { prices } from '../../projections/prices.ts';
import type { Projection } from '../../projections/projection.ts';
import type { SettingsReader } from '../../queries/settings-in-force.ts';
import type { ApiDependencies, ApiServer } from '../dependencies.ts';
import { answerPage, askedPage, NONE_LISTED, pageOfMap } from '../http/pages.ts';
import { notFound } from '../http/problem.ts';
import { minPosition, page, symbol, timePage, timeRange, venue } from '../http/query.ts';
import { absent, answerDocument, atPosition, collectionOf } from '../http/read.ts';
import type { RouteGroup } from './route-group.ts';
import { EXAMPLE_INSTRUMENT, found, pageOfShape, routeSchema } from './route-schema.ts';

const listQuery = z.strictObject(page);
const instrumentPath = z.strictObject({ venue: venueText, symbol: symbolText });
const ofOneInstrument = { params: instrumentPath, querystring: z.strictObject(minPosition) };

const knownBars = z.strictObject({
  interval: z.enum(INTERVALS),
  from: isoTimeText.describe('Open time of the first.'),
  to: isoTimeText.describe('Close time of the last.'),
  count: z.int(),
  incomplete: z.int().describe('Number of bars with a gap.'),
});
const feedState = z.strictObject({
  state: z.enum(['live', 'stale']),
  reason: z.enum(FEED_STALE_REASONS).nullable().describe('Why the feed is stale.'),
  since: isoTimeText.nullable(),
});
const instrumentShape = instrument
  .extend({
    feed: feedState.nullable().describe('Whether its prices can be trusted; null: no data yet.'),
    knownBars: z.array(knownBars).describe('The intervals that have bars, and the time that they span.'),
  })
  .meta({ id: 'Instrument' });
const feedShape = feed
  .extend({
    state: feedState.nullable().describe('Null: no data yet.'),
    at: isoTimeText.nullable().describe('Of the last event of the feed.'),
    lastBar: isoTimeText.nullable().describe('Close time of the latest bar.'),
    lastBook: isoTimeText.nullable().describe('Time of the latest sample of the book.'),
    interruptions: z.int().describe('How often the feed became stale, not counting the ends of recordings.'),
    gaps: z.int().describe('How many of these because of missing updates.'),
  })
  .meta({ id: 'Feed' });
const priceShape = z
  .strictObject({
    venue: venueText,
    symbol: symbolText,
    last: decimalText.nullable().describe('Close of the latest bar.'),
    lastAt: isoTimeText.nullable(),
    bid: decimalText.nullable(),
    ask: decimalText.nullable(),
    quoteAt: isoTimeText.nullable(),
    at: isoTimeText.nullable().describe('The later of the two times.'),
    feed: feedState,
  })
  .meta({ id: 'Price' });
const bookShape = DepthSampled.schema.meta({ id: 'Book', description: 'Levels are price and quantity, best first.' });
const barShape = BarClosed.schema
  .extend({ corrected: z.boolean().describe('Whether a late trade changed it after it had closed and was decided on.') })
  .meta({ id: 'Bar' });

export const marketRoutes: RouteGroup = {
  name: 'market',
  description: 'Instruments and feeds; prices, books and bars',
  addRoutes(server, deps, settings) {
    listingRoutes(server, deps, settings);
    priceRoutes(server, deps, settings);
    barRoutes(server, deps, settings);
  },
};

/** `GET /v1/instruments` and `/v1/feeds`: as the settings in force say, with what is known of them. */
function listingRoutes(server: ApiServer, deps: ApiDependencies, settings: SettingsReader): void {
  const instrumentList = routeSchema(
    { id: 'listInstruments', summary: 'Instruments', answers: pageOfShape(instrumentShape) },
    { querystring: listQuery },
  );
  server.get('/v1/instruments', instrumentList, async ({ query }, reply) => {
    const asked = askedPage('instruments', query);
    await atPosition(deps, [instruments, feeds], query, reply);
    const listed = pageOfMap((await settings.inForce()).instruments, asked, (instrument) => instrument);
    const known = await documentsOf<InstrumentDocument>(deps, instruments, listed.data);
    const fed = await documentsOf<FeedDocument>(deps, feeds, listed.data);
    const data = listed.data.map((instrument, index) => {
      return { ...instrument, feed: fed[index]?.state ?? null, knownBars: known[index]?.bars ?? [] };
    });
    return { ...listed, data };
  });

  const feedList = routeSchema(
    { id: 'listFeeds', summary: 'Feeds and their state', answers: pageOfShape(feedShape) },
    { querystring: listQuery },
  );
  server.get('/v1/feeds', feedList, async ({ query }, reply) => {
    const asked = askedPage('feeds', query);
    await atPosition(deps, [feeds], query, reply);
    const configured = pageOfMap((await settings.inForce()).feeds, asked, (feed) => feed);
    const known = await documentsOf<FeedDocument>(deps, feeds, configured.data);
    return { ...configured, data: configured.data.map((feed, index) => withState(feed, known[index])) };
  });
}

/** The document of each; undefined where nothing has come yet. */
async function documentsOf<Document extends object>(
  deps: ApiDependencies,
  projection: Projection<Document>,
  listed: readonly { readonly venue: string; readonly symbol: string }[],
): Promise<(Document | undefined)[]> {
  const keys = listed.map(({ venue, symbol }) => instrumentKey(venue, symbol));
  const found = await deps.reads.load(collectionOf(deps, projection as Projection), keys);
  return keys.map((key) => found.get(key) as Document | undefined);
}

function withState(feed: FeedSettings, known: FeedDocument | undefined) {
  const { state = null, at = null, lastBar = null, lastBook = null, interruptions = 0, gaps = 0 } = known ?? {};
  return { ...feed, state, at, lastBar, lastBook, interruptions, gaps };
}

/** `GET /v1/prices`, `/v1/prices/{venue}/{symbol}` and `/v1/book/{venue}/{symbol}`: the latest of each. */
function priceRoutes(server: ApiServer, deps: ApiDependencies, settings: SettingsReader): void {
  const pricesQuery = z.strictObject({ venue, symbol, ...page });
  const priceList = routeSchema(
    { id: 'listPrices', summary: 'The latest price of each instrument', answers: pageOfShape(priceShape) },
    { querystring: pricesQuery },
  );
  server.get('/v1/prices', priceList, async ({ query }, reply) => {
    const asked = askedPage('prices', query);
    await atPosition(deps, [prices], query, reply);
    const equal = { venue: query.venue, symbol: query.symbol };
    return answerPage(deps, reply, asked, { projection: prices, equal, sort: 'venue', isDescending: false });
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
      summary: 'The latest sample of the order book',
      shape: bookShape,
    },
  ] as const) {
    const one = routeSchema(
      { id, summary, example: EXAMPLE_INSTRUMENT, answers: found(shape), problems: [404] },
      ofOneInstrument,
    );
    server.get(path, one, async ({ params, query }, reply) => {
      const { isWhole } = await atPosition(deps, [projection], query, reply);
      const text = await answerDocument<object>(deps, reply, projection, instrumentKey(params.venue, params.symbol));
      if (text !== undefined) return text;
      await assertListed(settings, params);
      throw absent(isWhole, `There is no ${thing} for "${params.symbol}" at "${params.venue}" yet.`);
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
function barRoutes(server: ApiServer, deps: ApiDependencies, settings: SettingsReader): void {
  const list = routeSchema(
    {
      id: 'listBars',
      summary: 'Bars, by open time',
      example: { ...EXAMPLE_INSTRUMENT, interval: '1m' },
      answers: pageOfShape(barShape),
      problems: [404],
    },
    { querystring: barsQuery },
  );
  server.get('/v1/bars', list, async ({ query }, reply) => {
    const asked = askedPage('bars', query);
    await atPosition(deps, [bars], query, reply);
    const { venue, symbol, interval, from, to } = query;
    const list = await answerPage(deps, reply, asked, {
      projection: bars,
      equal: { venue, symbol, interval },
      sort: 'openTime',
      isDescending: query.order === 'desc',
      from,
      to,
    });
    // None are an answer for what is listed only, and seldom.
    if (list.equals(NONE_LISTED)) await assertListed(settings, query);
    return list;
  });
}

/** Answers 404 for an instrument that is not listed. */
async function assertListed(
  settings: SettingsReader,
  { venue, symbol }: { readonly venue: string; readonly symbol: string },
): Promise<void> {
  if ((await settings.inForce()).instruments.has(instrumentKey(venue, symbol))) return;
  throw notFound(`"${symbol}" is not listed at "${venue}"; see /v1/instruments.`);
}
