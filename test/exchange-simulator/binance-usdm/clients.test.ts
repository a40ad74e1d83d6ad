import { describe, expect, it } from 'vitest';
import { ccxtCases, clientLines, requestOfCase, requestOfLine } from '../client-requests.ts';
import { bodyOf, Client } from '../given.ts';
import { GivenUsdm } from './given.ts';

/** What this venue serves: market data. Statistics of a day are no part of it. */
const MARKET =
  /^\/fapi\/v\d\/(ping|time|exchangeInfo|depth|trades|aggTrades|klines|premiumIndex|fundingRate|fundingInfo|ticker\/(price|bookTicker))$/;

/** ccxt passes any number of levels on; this venue refuses those that it does not know. */
const DEPTHS = ['5', '10', '20', '50', '100', '500', '1000'];

describe('requests that ccxt would send for market data', () => {
  const { cases } = ccxtCases('binanceusdm.requests.json');
  const sent = cases.filter(({ request }) => request !== undefined && MARKET.test(new URL(request.url).pathname));

  it('are 11 of the 48', () => expect([cases.length, sent.length]).toEqual([48, 11]));

  it.each(sent.map((one) => [`${one.call}: ${one.note}`, one.request] as const))('are answered: %s', async (_name, request) => {
    if (request === undefined) return;
    const arrived = requestOfCase(request);
    const answer = await new GivenUsdm().running.venue.request(arrived);
    const limit = new URLSearchParams(arrived.query).get('limit');
    const isRefused = arrived.path.endsWith('/depth') && limit !== null && !DEPTHS.includes(limit);
    expect([answer.status, bodyOf(answer).code]).toEqual(isRefused ? [400, -4021] : [200, undefined]);
  });
});

describe.each(['ccxt-binanceusdm', 'sdk-busdm'])('frames that %s sent', (name) => {
  // ccxt was told an address under /fut.
  const lines = clientLines(`${name}.ndjson`).map((line) => ({ ...line, url: line.url?.replace(/^\/fut/, '') }));
  const opened = lines.filter(({ t, url }) => t === 'ws-open' && !url.startsWith('/ws-fapi'));
  const frames = lines.filter(({ t, url }) => t === 'ws-in' && !url.startsWith('/ws-fapi'));

  it.each(
    lines.filter(({ t, path }) => t === 'rest' && MARKET.test(path)).map((line) => [`${line.path}?${line.q}`, line] as const),
  )('are answered: %s', async (_text, line) => {
    expect((await new GivenUsdm().running.venue.request(requestOfLine(line))).status).toBe(200);
  });

  it.each(opened.map(({ url }) => url))('open connections: %s', (url) => {
    expect(new Client(new GivenUsdm().running.venue, url).isOpen).toBe(true);
  });

  it.each(frames.map((line) => [line.msg, line.url] as const))('subscribe: %s', (text, url) => {
    const client = new Client(new GivenUsdm().running.venue, url);
    client.say(text);
    expect(client.frames).toEqual([{ result: null, id: (JSON.parse(text) as { id: unknown }).id }]);
  });
});
