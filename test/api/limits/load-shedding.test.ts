import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { MAX_IN_HAND, MAX_ON_CONNECTION } from '../../../src/api/limits/load-shedding.ts';
import type { ApiKey } from '../../../src/config/api-keys.ts';
import { makeMetrics } from '../../../src/metric-families.ts';
import type { MetricsSnapshot } from '../../../src/metrics.ts';
import { figures } from '../../support/figures.ts';
import { type Dialled, dial } from '../dialled.ts';
import { type GivenApi, givenApi, recordSettings, TIMEOUTS } from '../given-api.ts';

/** In hand until its wait is over. */
const WAITING = '/v1/prices?min-position=999';
const LONG_WAITS = { timeouts: { ...TIMEOUTS, positionMs: 60_000 } };
const FILE = '/docs/static/swagger-ui-bundle.js';

const apiKeys: ApiKey[] = ['alice', 'bob'].map((name) => ({ name, scope: 'trade', key: `${name}-secret-0123456789` }));
const as = (name: string) => ({ 'x-api-key': `${name}-secret-0123456789` });
const HALT = { reason: 'too much' };

/** The bodies of so many answers, with their heads before them. */
async function answers(dialled: Dialled, count: number): Promise<string[]> {
  for (;;) {
    const all = dialled.text.split(/(?=HTTP\/1\.1 \d)/);
    if (all.length >= count && all.every((answer) => /[\]}]$/.test(answer))) return all;
    await once(dialled.socket, 'data');
  }
}

const ask = (path: string, times = 1, headers = '') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`.repeat(times);
const kindOf = (answer: string) => /urn:tapedeck:problem:([a-z-]+)/.exec(answer)?.[1];

type Kind = keyof typeof MAX_IN_HAND;

async function inHand(api: GivenApi, kind: Kind): Promise<number> {
  const { body } = await api.server.inject('/metrics');
  return Number(new RegExp(`tapedeck_queue_depth\\{queue="http-${kind}"\\} (\\d+)`).exec(body)?.[1]);
}

const untilInHand = (api: GivenApi, kind: Kind, count: number) =>
  vi.waitFor(async () => expect(await inHand(api, kind)).toBe(count), { timeout: 10_000 });

/** Connections with so many requests in all, as many on each as it may have. */
async function send(api: GivenApi, path: string, count: number, headers = ''): Promise<Dialled[]> {
  const clients: Dialled[] = [];
  for (let left = count; left > 0; left -= MAX_ON_CONNECTION) {
    const client = await dial(api);
    client.socket.write(ask(path, Math.min(left, MAX_ON_CONNECTION), headers));
    clients.push(client);
  }
  return clients;
}

/** Lists of the read models are not answered until what it returns is called. */
function holdLists({ reads }: GivenApi): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  const find = reads.findTexts.bind(reads);
  reads.findTexts = (...query) => promise.then(() => find(...query));
  return resolve;
}

describe('a server with more to do than it can', () => {
  it('answers so many requests of one connection, and tells further ones to come again', async () => {
    const api = await givenApi();
    const dialled = await dial(api);
    dialled.socket.write(ask(WAITING, MAX_ON_CONNECTION + 20));
    const got = await answers(dialled, MAX_ON_CONNECTION + 20);
    const kinds = got.map(kindOf);
    expect(kinds.filter((kind) => kind === 'position-not-reached')).toHaveLength(MAX_ON_CONNECTION);
    expect(kinds.slice(MAX_ON_CONNECTION)).toEqual(Array.from({ length: 20 }, () => 'busy'));
    expect(got.at(-1)).toMatch(/^HTTP\/1\.1 503 .*\r\n(.*\r\n)*retry-after: 1\r\n/i);
    expect(await inHand(api, 'waits')).toBe(0);
  });

  it('tells readers to come again, and still lets people halt, and the cluster look', async () => {
    const api = await givenApi();
    await recordSettings(api);
    const letGo = holdLists(api);
    const clients = await send(api, '/v1/prices', MAX_IN_HAND.reads);
    await untilInHand(api, 'reads', MAX_IN_HAND.reads);
    expect(await api.get('/v1/prices')).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      body: { type: 'urn:tapedeck:problem:busy' },
    });
    expect((await api.get('/livez')).status).toBe(200);
    const halted = await api.post('/v1/accounts/paper-1/halt', HALT, { 'idempotency-key': 'k' });
    expect(halted.status).toBe(202);
    for (const { socket } of clients) socket.destroy();
    await untilInHand(api, 'reads', 0);
    letGo();
    expect((await api.get('/v1/prices')).status).toBe(200);
  });

  it('counts reads that wait for a position apart from those that do not', async () => {
    const api = await givenApi(LONG_WAITS);
    const clients = await send(api, WAITING, MAX_IN_HAND.waits);
    await untilInHand(api, 'waits', MAX_IN_HAND.waits);
    expect(await api.get(WAITING)).toMatchObject({ status: 503, body: { type: 'urn:tapedeck:problem:busy' } });
    expect((await api.get('/v1/prices')).status).toBe(200);
    for (const { socket } of clients) socket.destroy();
    await untilInHand(api, 'waits', 0);
  });

  it('leaves other keys their share of what may be in hand', async () => {
    const api = await givenApi({ ...LONG_WAITS, apiKeys });
    const letGo = holdLists(api);
    const alice = `X-API-Key: ${as('alice')['x-api-key']}\r\n`;
    await send(api, '/v1/prices', MAX_IN_HAND.reads, alice);
    await send(api, WAITING, MAX_IN_HAND.waits, alice);
    await untilInHand(api, 'reads', MAX_IN_HAND.reads / 2);
    await untilInHand(api, 'waits', MAX_IN_HAND.waits / 2);
    expect((await api.get('/v1/prices', as('alice'))).status).toBe(503);
    const read = api.get('/v1/prices', as('bob'));
    const wait = api.get('/v1/prices?min-position=0', as('bob'));
    await untilInHand(api, 'reads', MAX_IN_HAND.reads / 2 + 1);
    letGo();
    expect((await read).status).toBe(200);
    expect((await wait).status).toBe(200);
  });

  it('lets others halt while one key sends halts that never come to their end', async () => {
    const api = await givenApi({ apiKeys });
    await recordSettings(api);
    const half = `POST /v1/accounts/paper-1/halt HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${as('alice')['x-api-key']}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`;
    for (let count = 0; count < MAX_IN_HAND.halts / 2 + 10; count++) (await dial(api)).socket.write(half);
    await untilInHand(api, 'halts', MAX_IN_HAND.halts / 2);
    const halted = await api.post('/v1/accounts/paper-1/halt', HALT, { ...as('bob'), 'idempotency-key': 'k' });
    expect(halted.status).toBe(202);
    expect((await api.post('/v1/strategies/cross/halt', HALT, as('bob'))).status).toBe(202);
    expect((await api.post('/v1/accounts/paper-1/halt', HALT, as('alice'))).status).toBe(503);
  });

  it('shares out by address what needs no key', async () => {
    const metrics = makeMetrics();
    const { promise, resolve } = Promise.withResolvers<readonly MetricsSnapshot[]>();
    const { server } = await givenApi({ apiKeys, metrics, otherMetrics: () => promise });
    const scrapes = (remoteAddress: string, count: number) =>
      Array.from({ length: count }, () => server.inject({ url: '/metrics', remoteAddress }));
    const crowd = scrapes('192.0.2.1', MAX_IN_HAND.metrics);
    await vi.waitFor(async () =>
      expect((await figures(metrics)).get('tapedeck_queue_depth{queue="http-metrics"}')).toBe(MAX_IN_HAND.metrics / 2),
    );
    const other = scrapes('192.0.2.2', 1);
    resolve([]);
    const statuses = async (asked: typeof crowd) => (await Promise.all(asked)).map(({ statusCode }) => statusCode).sort();
    const half = MAX_IN_HAND.metrics / 2;
    expect(await statuses(crowd)).toEqual([...Array(half).fill(200), ...Array(half).fill(503)]);
    expect(await statuses(other)).toEqual([200]);
  });

  it('has few of the files for everybody in hand, however many connections ask for them, and reads go on', async () => {
    const api = await givenApi({ apiKeys });
    const clients: Dialled[] = [];
    for (let count = 0; count < 40; count++) {
      const client = await dial(api);
      client.socket.pause();
      client.socket.write(ask(FILE, 20));
      clients.push(client);
    }
    await vi.waitFor(async () => expect(await inHand(api, 'files')).toBeGreaterThan(0));
    expect(await inHand(api, 'files')).toBeLessThanOrEqual(MAX_IN_HAND.files / 2);
    expect((await api.get('/v1/prices', as('bob'))).status).toBe(200);
    for (const { socket } of clients) socket.destroy();
    await untilInHand(api, 'files', 0);
  });

  it('cuts off a client that takes nothing of its answers', async () => {
    const api = await givenApi({ timeouts: { ...TIMEOUTS, requestMs: 100 } });
    await recordSettings(api);
    const { socket } = await dial(api);
    socket.pause();
    socket.write(ask(FILE, MAX_ON_CONNECTION));
    await vi.waitFor(async () => expect(await inHand(api, 'files')).toBeGreaterThan(0));
    await untilInHand(api, 'files', 0);
  });
});
