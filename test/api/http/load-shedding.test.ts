import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { MAX_IN_FLIGHT, MAX_ON_CONNECTION } from '../../../src/api/http/load-shedding.ts';
import { type Dialled, dial } from '../dialled.ts';
import { type GivenApi, givenApi, recordSettings, TIMEOUTS } from '../given-api.ts';

/** In flight until its wait is over. */
const WAITING = '/v1/prices?min-position=999';

/** The bodies of so many answers, with their heads before them. */
async function answers(dialled: Dialled, count: number): Promise<string[]> {
  for (;;) {
    const all = dialled.text.split(/(?=HTTP\/1\.1 \d)/);
    if (all.length >= count && all.every((answer) => /[\]}]$/.test(answer))) return all;
    await once(dialled.socket, 'data');
  }
}

const ask = (path: string, times = 1) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(times);
const kindOf = (answer: string) => /urn:tapedeck:problem:([a-z-]+)/.exec(answer)?.[1];

async function inFlight(api: GivenApi): Promise<number> {
  const { body } = await api.server.inject('/metrics');
  return Number(/tapedeck_queue_depth\{queue="http-reads"\} (\d+)/.exec(body)?.[1]);
}

/** As many connections as it takes, each with as many requests as it may have. */
async function fill(api: GivenApi): Promise<Dialled[]> {
  const clients: Dialled[] = [];
  while (clients.length < MAX_IN_FLIGHT / MAX_ON_CONNECTION) {
    const client = await dial(api);
    client.socket.write(ask(WAITING, MAX_ON_CONNECTION));
    clients.push(client);
  }
  await vi.waitFor(async () => expect(await inFlight(api)).toBe(MAX_IN_FLIGHT), { timeout: 10_000 });
  return clients;
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
    expect(await inFlight(api)).toBe(0);
  });

  it('tells readers to come again, and still lets people halt, and the cluster look', async () => {
    const api = await givenApi({ timeouts: { ...TIMEOUTS, positionMs: 60_000 } });
    await recordSettings(api);
    const clients = await fill(api);
    expect(await api.get('/v1/prices')).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      body: { type: 'urn:tapedeck:problem:busy' },
    });
    expect((await api.get('/livez')).status).toBe(200);
    const halted = await api.post('/v1/accounts/paper-1/halt', { reason: 'too much' }, { 'idempotency-key': 'k' });
    expect(halted.status).toBe(202);
    for (const { socket } of clients) socket.destroy();
    await vi.waitFor(async () => expect(await inFlight(api)).toBe(0));
    expect((await api.get('/v1/prices')).status).toBe(200);
  });

  it('cuts off a client that takes nothing of its answers', async () => {
    const api = await givenApi({ timeouts: { ...TIMEOUTS, requestMs: 100 } });
    await recordSettings(api);
    const { socket } = await dial(api);
    socket.pause();
    socket.write(ask('/openapi.json', MAX_ON_CONNECTION));
    await vi.waitFor(async () => expect(await inFlight(api)).toBeGreaterThan(0));
    await vi.waitFor(async () => expect(await inFlight(api)).toBe(0), { timeout: 10_000 });
  });
});
