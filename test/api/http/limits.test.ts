import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type Dialled, dial } from '../dialled.ts';
import { givenApi, recordSettings, TIMEOUTS } from '../given-api.ts';

const ORDER = JSON.stringify({
  account: 'paper-1',
  venue: 'binance',
  symbol: 'BTCUSDT',
  side: 'buy',
  type: 'market',
  quantity: '0.2',
});
const POST = 'POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nIdempotency-Key: k\r\n';

/** The first answer, whole. */
async function answerOn(dialled: Dialled): Promise<{ head: string; body: string }> {
  for (;;) {
    const [head = '', body = ''] = dialled.text.split('\r\n\r\n');
    const length = /content-length: (\d+)/i.exec(head)?.[1];
    if (length !== undefined && body.length >= Number(length)) return { head, body };
    if (dialled.socket.destroyed) throw new Error(`the connection ended after "${dialled.text}"`);
    await Promise.race([once(dialled.socket, 'data'), ended(dialled.socket)]);
  }
}

/** However it comes to its end. */
function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else socket.once('close', () => resolve());
  });
}

const status = ({ head }: { head: string }) => Number(head.split(' ')[1]);

describe('a request that is too much', () => {
  it('with a body of 10 MB is refused as soon as it says so, and with one that does not say so, as it comes', async () => {
    const api = await givenApi();
    for (const announced of [true, false]) {
      const dialled = await dial(api);
      const { socket } = dialled;
      const size = 10 * 1024 * 1024;
      socket.write(`${POST}${announced ? `Content-Length: ${size}` : 'Transfer-Encoding: chunked'}\r\n\r\n`);
      const chunk = 'x'.repeat(64 * 1024);
      const line = announced ? chunk : `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
      for (let sent = 0; sent < size && !socket.destroyed; sent += chunk.length) socket.write(line);
      const refused = await answerOn(dialled);
      expect(status(refused)).toBe(413);
      expect(JSON.parse(refused.body)).toMatchObject({ type: 'urn:tapedeck:problem:body-too-large', status: 413 });
    }
  });

  it('with headers without end is cut off', async () => {
    const api = await givenApi();
    const dialled = await dial(api);
    const { socket } = dialled;
    socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n');
    socket.write(`X-Bomb: ${'b'.repeat(1_000)}\r\n`.repeat(20));
    const refused = await answerOn(dialled);
    expect(status(refused)).toBe(431);
    expect(JSON.parse(refused.body)).toMatchObject({
      type: 'urn:tapedeck:problem:headers-too-large',
      errors: [{ path: 'headers' }],
    });
    await ended(socket);
  });

  it('with a path or a query that is too long is refused', async () => {
    const api = await givenApi();
    for (const url of [`/v1/events?cursor=${'c'.repeat(9_000)}`, `/v1/accounts/${'a'.repeat(200)}`]) {
      const answer = await api.server.inject(url);
      expect(answer.statusCode).toBe(414);
      expect(answer.json()).toMatchObject({ type: 'urn:tapedeck:problem:uri-too-long' });
    }
  });

  it('that does not come to an end is cut off in time, in its headers as in its body', async () => {
    const api = await givenApi({ timeouts: { ...TIMEOUTS, requestMs: 200 } });
    await recordSettings(api);
    const before = await api.events.head();
    for (const start of [
      'GET /v1/events HTTP/1.1\r\nHost: local',
      `${POST}Content-Length: ${ORDER.length}\r\n\r\n${ORDER.slice(0, 9)}`,
    ]) {
      const dialled = await dial(api);
      const { socket } = dialled;
      socket.write(start);
      const refused = await answerOn(dialled);
      expect(status(refused)).toBe(408);
      expect(JSON.parse(refused.body)).toMatchObject({ type: 'urn:tapedeck:problem:request-timeout', status: 408 });
      await ended(socket);
    }
    expect(await api.events.head()).toBe(before);
    expect((await api.get('/livez')).status).toBe(200);
  });
});

describe('a server that closes', () => {
  it('finishes what was accepted, records it, and ends the connection with the answer', async () => {
    const api = await givenApi();
    await recordSettings(api);
    const dialled = await dial(api);
    const { socket } = dialled;
    const arrived = once(api.server.server, 'request');
    socket.write(`${POST}Content-Length: ${ORDER.length}\r\n\r\n${ORDER.slice(0, 9)}`);
    await arrived;
    const closed = api.server.close();
    // Until the hooks of the close have run, the rest must not have come.
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.write(ORDER.slice(9));
    const accepted = await answerOn(dialled);
    expect(status(accepted)).toBe(202);
    expect(accepted.head).toMatch(/connection: close/i);
    const { requestId } = JSON.parse(accepted.body);
    expect(await api.events.byId(requestId)).toMatchObject({ type: 'OrderRequested' });
    await closed;
    await ended(socket);
  });

  it('does not wait for a client that sends no more', async () => {
    const api = await givenApi({ timeouts: { ...TIMEOUTS, closeMs: 100 } });
    const { socket } = await dial(api);
    const arrived = once(api.server.server, 'request');
    socket.write(`${POST}Content-Length: ${ORDER.length}\r\n\r\n${ORDER.slice(0, 9)}`);
    await arrived;
    const end = ended(socket);
    await api.server.close();
    await end;
  });

  it('does not wait for a client that keeps its connection for later', async () => {
    const api = await givenApi();
    const dialled = await dial(api);
    const { socket } = dialled;
    socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(status(await answerOn(dialled))).toBe(200);
    const end = ended(socket);
    await api.server.close();
    await end;
  });
});
