import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import type { ApiKey } from '../../../src/config/api-keys.ts';
import { type Dialled, dial } from '../dialled.ts';
import { type GivenApi, givenApi, recordSettings } from '../given-api.ts';

/** For ten connections. */
const DESCRIPTORS = 40;
const MOST = 10;

const apiKeys: ApiKey[] = ['alice', 'bob'].map((name) => ({ name, scope: 'trade', key: `${name}-secret-0123456789` }));
const BODY = '{"reason":"a flood"}';

function request(start: string, name: string, body = ''): string {
  const length = body === '' ? '' : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
  return `${start} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${name}-secret-0123456789\r\n${length}\r\n${body}`;
}

/** The status of the answer to a request on a connection; 0 where the connection ends without. */
async function ask(dialled: Dialled, text: string): Promise<number> {
  const from = dialled.text.length;
  dialled.socket.write(text);
  for (;;) {
    const status = /^HTTP\/1\.1 (\d+)/.exec(dialled.text.slice(from))?.[1];
    if (status !== undefined) return Number(status);
    if (dialled.socket.destroyed) return 0;
    await Promise.race([once(dialled.socket, 'data'), once(dialled.socket, 'close')]);
  }
}

/** As many connections that say half of what they want. */
async function flood(api: GivenApi, connections: number): Promise<Dialled[]> {
  const flooding: Dialled[] = [];
  for (let count = 0; count < connections; count++) {
    const dialled = await dial(api);
    dialled.socket.write('GET /v1/strategies HTTP/1.1\r\nHost: localhost\r\n');
    flooding.push(dialled);
  }
  return flooding;
}

async function open(api: GivenApi): Promise<number> {
  const { body } = await api.server.inject('/metrics');
  return Number(/tapedeck_queue_depth\{queue="http-connections"\} (\d+)/.exec(body)?.[1]);
}

describe('more connections than there may be', () => {
  it('of strangers end each other, and nobody who has shown a key or comes to show one', async () => {
    const api = await givenApi({ apiKeys, descriptors: DESCRIPTORS });
    await recordSettings(api);
    const kept = await dial(api);
    expect(await ask(kept, request('GET /v1/accounts', 'alice'))).toBe(200);
    const flooding = await flood(api, 5 * MOST);
    await vi.waitFor(() => expect(flooding.filter(({ socket }) => !socket.destroyed).length).toBeLessThan(MOST));
    expect(await open(api)).toBe(MOST);
    expect(flooding.at(-1)?.socket.destroyed).toBe(false);
    expect(await ask(kept, request('GET /v1/accounts', 'alice'))).toBe(200);
    expect(await ask(kept, request('POST /v1/accounts/paper-1/halt', 'alice', BODY))).toBe(202);
    const late = await dial(api);
    expect(await ask(late, request('GET /v1/accounts', 'bob'))).toBe(200);
  });

  it('of one key end each other, and none of another key', async () => {
    const api = await givenApi({ apiKeys, descriptors: DESCRIPTORS });
    const bob = await dial(api);
    expect(await ask(bob, request('GET /v1/accounts', 'bob'))).toBe(200);
    const alices: Dialled[] = [];
    for (let count = 0; count < 3 * MOST; count++) {
      const alice = await dial(api);
      expect(await ask(alice, request('GET /v1/accounts', 'alice'))).toBe(200);
      alices.push(alice);
    }
    await vi.waitFor(() => expect(alices.filter(({ socket }) => !socket.destroyed).length).toBe(MOST - 1));
    expect(await ask(bob, request('GET /v1/accounts', 'bob'))).toBe(200);
    for (const { socket } of alices) socket.destroy();
    await vi.waitFor(async () => expect(await open(api)).toBe(1));
  });

  it('leave a part of the descriptors to the process itself', async () => {
    const api = await givenApi({ descriptors: 1_024 });
    const { body } = await api.server.inject('/metrics');
    expect(body).toMatch(/tapedeck_queue_limit\{queue="http-connections"\} 896\n/);
  });
});
