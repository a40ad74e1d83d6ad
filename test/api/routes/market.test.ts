import { describe, expect, it } from 'vitest';
import type { EventData } from '../../../src/domain/catalogue.ts';
import { barsStream, depthStream, feedStream, SETTINGS_STREAM } from '../../../src/domain/streams.ts';
import { BTCUSDT, barOf, HARD_SYMBOLS } from '../../support/fixtures.ts';
import { type GivenApi, givenApi, minuteTime, problemOf, recordSettings } from '../given-api.ts';

function bar(minute: number, close: string): EventData['BarClosed'] {
  const times = { openTime: minuteTime(minute), closeTime: minuteTime(minute + 1) };
  return barOf({ ...times, open: '100', high: '200', low: '50', close, volume: '1.5' });
}

async function recordBars(api: GivenApi, from: number, to: number): Promise<void> {
  for (let minute = from; minute < to; minute++) {
    const closed = bar(minute, `${100 + minute}`);
    await api.record('BarClosed', barsStream('binance', 'BTCUSDT', '1m', closed.openTime), closed, { at: closed.closeTime });
  }
}

async function recordDepth(api: GivenApi, minute: number): Promise<EventData['DepthSampled']> {
  const eventTime = minuteTime(minute);
  const data = { venue: 'binance', symbol: 'BTCUSDT', eventTime, updateId: 7, bids: [['99.5', '2']], asks: [['100.5', '3']] };
  const sample = data as EventData['DepthSampled'];
  await api.record('DepthSampled', depthStream('binance', 'BTCUSDT', eventTime), sample, { at: eventTime });
  return sample;
}

const BARS = '/v1/bars?venue=binance&symbol=BTCUSDT&interval=1m';
const closes = (body: { data: { close: string }[] }) => body.data.map(({ close }) => close);

describe('GET /v1/bars', () => {
  it('lists the bars of one instrument and interval, newest first, prices as strings', async () => {
    const api = await givenApi();
    await recordBars(api, 0, 3);
    const { body } = await api.get(BARS);
    expect(closes(body)).toEqual(['102', '101', '100']);
    expect(body.data[0]).toEqual({ ...bar(2, '102'), corrected: false });
  });

  it('are none of what is listed and has none, and not there of what is not listed, as a price is not', async () => {
    const api = await givenApi();
    await recordSettings(api);
    expect((await api.get(BARS)).body).toEqual({ data: [], next: null });
    expect(problemOf(await api.get(BARS.replace('BTCUSDT', 'ETHUSDT')))).toMatchObject({ status: 404, kind: 'not-found' });
    const price = await api.get('/v1/prices/binance/ETHUSDT');
    expect(price.body.detail).toBe('"ETHUSDT" is not listed at "binance"; see /v1/instruments.');
    const awaited = await api.get('/v1/prices/binance/BTCUSDT');
    expect(awaited).toMatchObject({ status: 404, body: { detail: 'There is no price for "BTCUSDT" at "binance" yet.' } });
  });

  it('selects by open time and pages in both directions', async () => {
    const api = await givenApi();
    await recordBars(api, 0, 6);
    expect(closes((await api.get(`${BARS}&from=${minuteTime(2)}&to=${minuteTime(4)}`)).body)).toEqual(['103', '102']);
    const first = await api.get(`${BARS}&order=asc&limit=4`);
    await recordBars(api, 6, 7);
    const second = await api.get(`${BARS}&order=asc&limit=4&cursor=${first.body.next}`);
    expect([...closes(first.body), ...closes(second.body)]).toEqual(['100', '101', '102', '103', '104', '105', '106']);
  });

  it('needs to be told of which', async () => {
    const api = await givenApi();
    expect(problemOf(await api.get('/v1/bars?interval=7m')).paths.sort()).toEqual(['interval', 'symbol', 'venue']);
  });
});

describe('prices and books', () => {
  it('are the latest', async () => {
    const api = await givenApi();
    await recordBars(api, 0, 2);
    const sample = await recordDepth(api, 3);
    const price = await api.get('/v1/prices/binance/BTCUSDT');
    expect(price.body).toMatchObject({ last: '101', bid: '99.5', ask: '100.5', quoteAt: minuteTime(3) });
    expect((await api.get('/v1/prices')).body).toEqual({ data: [price.body], next: null });
    expect((await api.get('/v1/prices?venue=coinbase')).body.data).toEqual([]);
    expect((await api.get('/v1/book/binance/BTCUSDT')).body).toEqual(sample);
  });

  it.each(HARD_SYMBOLS)('are of symbols as venues write them, such as %s', async (symbol) => {
    const api = await givenApi();
    const closed = { ...bar(0, '100'), symbol };
    await api.record('BarClosed', barsStream('binance', symbol, '1m', closed.openTime), closed, { at: closed.closeTime });
    const one = await api.get(`/v1/prices/binance/${encodeURIComponent(symbol)}`);
    expect(one).toMatchObject({ status: 200, body: { venue: 'binance', symbol, last: '100' } });
    expect((await api.get(`/v1/prices?symbol=${encodeURIComponent(symbol)}`)).body.data).toEqual([one.body]);
    const listed = await api.get(`/v1/bars?venue=binance&symbol=${encodeURIComponent(symbol)}&interval=1m`);
    expect(listed.body.data).toMatchObject([{ symbol, close: '100' }]);
  });

  it('are not there for what nothing was heard of', async () => {
    const api = await givenApi();
    expect(problemOf(await api.get('/v1/prices/binance/ETHUSDT'))).toMatchObject({ status: 404 });
    expect(problemOf(await api.get('/v1/book/binance/ETHUSDT'))).toMatchObject({ status: 404 });
    expect(problemOf(await api.get('/v1/book/BINANCE/ETHUSDT'))).toMatchObject({ status: 400, paths: ['venue'] });
  });
});

describe('instruments and feeds', () => {
  it('are those in force, from the moment that a set is closed', async () => {
    const api = await givenApi();
    await api.record('InstrumentListed', SETTINGS_STREAM, BTCUSDT);
    expect((await api.get('/v1/instruments')).body.data).toEqual([]);
    await recordSettings(api);
    expect((await api.get('/v1/instruments')).body).toEqual({ data: [{ ...BTCUSDT, feed: null, knownBars: [] }], next: null });
    const ether = { ...BTCUSDT, symbol: 'ETHUSDT', base: 'ETH' };
    await api.record('InstrumentListed', SETTINGS_STREAM, ether);
    await api.record('SettingsApplied', SETTINGS_STREAM, { generation: 2, changes: 1, hash: 'c'.repeat(64) });
    const first = await api.get('/v1/instruments?limit=1');
    const second = await api.get(`/v1/instruments?limit=1&cursor=${first.body.next}`);
    expect([...first.body.data, ...second.body.data]).toEqual([
      { ...BTCUSDT, feed: null, knownBars: [] },
      { ...ether, feed: null, knownBars: [] },
    ]);
    expect(second.body.next).toBeNull();
  });

  it('say of which bars there are, and from when to when', async () => {
    const api = await givenApi();
    await recordSettings(api);
    await recordBars(api, 3, 6);
    const [{ knownBars }] = (await api.get('/v1/instruments')).body.data;
    expect(knownBars).toEqual([{ interval: '1m', from: minuteTime(3), to: minuteTime(6), count: 3, incomplete: 0 }]);
  });

  it('say when the recording of an instrument has ended', async () => {
    const api = await givenApi();
    await recordSettings(api);
    const ended = { venue: 'binance', symbol: 'BTCUSDT', reason: 'ended' as const, lastEventTime: minuteTime(3) };
    await api.record('FeedStale', feedStream('binance', 'BTCUSDT'), ended, { at: minuteTime(4) });
    const [{ feed }] = (await api.get('/v1/instruments')).body.data;
    expect(feed).toEqual({ state: 'stale', reason: 'ended', since: minuteTime(4) });
  });

  it('say whether a feed can be trusted', async () => {
    const api = await givenApi();
    await recordSettings(api);
    const feed = async () => (await api.get('/v1/feeds')).body.data[0];
    expect(await feed()).toMatchObject({ venue: 'binance', symbol: 'BTCUSDT', bars: '1s', state: null, at: null, gaps: 0 });
    const stale = { venue: 'binance', symbol: 'BTCUSDT', reason: 'gap' as const, lastEventTime: null };
    await api.record('FeedStale', feedStream('binance', 'BTCUSDT'), stale, { at: minuteTime(4) });
    expect(await feed()).toMatchObject({ state: { state: 'stale', reason: 'gap', since: minuteTime(4) }, at: minuteTime(4) });
    await recordDepth(api, 5);
    const troubled = { lastBook: minuteTime(5), lastBar: null, interruptions: 1, gaps: 1 };
    expect(await feed()).toMatchObject({ state: { state: 'stale' }, at: minuteTime(5), ...troubled });
  });
});
