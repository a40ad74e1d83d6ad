import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemTime } from '../../src/adapters/system-time.ts';
import { bindHost, OpenServerError } from '../../src/api/http/auth.ts';
import { answerBrokenRequest } from '../../src/api/http/problem.ts';
import type { ApiKey } from '../../src/config/api-keys.ts';
import { StoreError } from '../../src/ports/errors.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { hastyTime } from '../support/test-time.ts';
import { dial } from './dialled.ts';
import { givenApi, problemOf } from './given-api.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** Status, kind and first named field of the answer to a request as it is written. */
async function answerTo(start: string, headers: readonly string[]) {
  const dialled = await dial(await givenApi());
  dialled.socket.write(`${start} HTTP/1.1\r\n${headers.join('\r\n')}\r\nConnection: close\r\n\r\n`);
  await once(dialled.socket, 'close');
  const [head = '', ...body] = dialled.text.split('\r\n\r\n');
  const { type, errors } = JSON.parse(body.join('').replace(/^[0-9a-f]+\r\n|\r\n0?$/g, ''));
  return [Number(head.split(' ')[1]), type?.split(':').at(-1), errors?.[0].path];
}

describe('errors', () => {
  it('says that a route is not there', async () => {
    const api = await givenApi();
    const answer = await api.get('/v1/nothing?x=1');
    expect(problemOf(answer)).toEqual({ status: 404, kind: 'not-found', paths: [] });
    expect(answer.body).toMatchObject({ title: 'Not Found', detail: 'There is no route GET /v1/nothing.' });
  });

  it('says which methods a path has', async () => {
    const api = await givenApi();
    const answer = await api.delete('/v1/signals');
    expect(problemOf(answer)).toMatchObject({ status: 405, kind: 'method-not-allowed' });
    expect(answer.headers.allow).toBe('GET, HEAD');
  });

  it('says so for a method with a body that it cannot have, and for one that no route has', async () => {
    const { server } = await givenApi();
    const ask = async (method: string) => {
      const { statusCode, headers, json } = await server.inject({ method: method as 'GET', url: '/v1/orders' });
      return problemOf({ status: statusCode, headers, body: json() });
    };
    expect(await ask('QUERY')).toMatchObject({ status: 405, kind: 'method-not-allowed' });
    expect(await ask('TRACE')).toMatchObject({ status: 405, kind: 'method-not-allowed' });
    expect(await ask('PROPFIND')).toMatchObject({ status: 501, kind: 'not-implemented' });
  });

  it('refuses a request without a Host header with a problem', async () => {
    const dialled = await dial(await givenApi());
    dialled.socket.write('GET /v1/orders HTTP/1.1\r\n\r\n');
    await vi.waitFor(() => expect(dialled.text).toMatch(/\}$/));
    const [head, body] = dialled.text.split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(body ?? '')).toMatchObject({ type: 'urn:tapedeck:problem:invalid-request', errors: [{ path: 'Host' }] });
  });

  it.each([
    ['GET /v1/accounts', ['Host: [::1].evil.com']],
    ['GET /v1/accounts', ['Host: [::1]x']],
    ['GET /v1/accounts', ['Host: [localhost]']],
    ['GET /v1/accounts', ['Host: 127.0.0.1:5100.evil.com']],
    ['GET /v1/accounts', ['Host: 127.0.0.1:x@evil.com']],
    ['GET /v1/accounts', ['Host: localhost:abc']],
    ['GET /v1/accounts', ['Host: localhost:99999']],
    ['GET /v1/accounts', ['Host: localhost/x']],
    ['GET /v1/accounts', ['Host: localhost', 'hOST: evil.com']],
    ['GET http://evil.com/v1/accounts', ['Host: localhost']],
    ['GET HTTP://localhost@evil.com/v1/accounts', ['Host: localhost']],
  ])('refuses a request whose host is none, or not one: %s %j', async (start, headers) => {
    expect(await answerTo(start, headers)).toEqual([400, 'invalid-request', 'Host']);
  });

  it.each([
    ['GET /v1/accounts', 'Host: [::1]:3000'],
    ['GET /v1/accounts', 'Host: LOCALHOST.:65535'],
    ['GET /v1/accounts', 'Host: 127.0.0.1:'],
    ['GET http://LocalHost:3000/v1/accounts?limit=1', 'Host: localhost:3000'],
  ])('takes every host that stands for this machine: %s %s', async (start, header) => {
    expect(await answerTo(start, [header])).toEqual([200, undefined, undefined]);
  });

  it('says which expectation it does not know', async () => {
    expect(await answerTo('GET /v1/accounts', ['Host: localhost', 'Expect: foo'])).toEqual([417, 'expectation-failed', 'Expect']);
  });

  it('says what it refuses of a body that would reach into objects', async () => {
    const api = await givenApi();
    for (const body of ['{"constructor":{"prototype":{}}}', '{"reason":{"__proto__":{}}}']) {
      const answer = await api.post('/v1/accounts/paper-1/halt', body);
      expect([answer.status, answer.body.detail]).toEqual([400, expect.stringContaining('"__proto__"')]);
    }
  });

  it('names every field of a query that is wrong, and those that it does not know', async () => {
    const api = await givenApi();
    const answer = await api.get('/v1/signals?limit=0&from=yesterday&colour=red&order=up');
    expect(problemOf(answer)).toMatchObject({ status: 400, kind: 'invalid-request' });
    expect(problemOf(answer).paths.sort()).toEqual(['colour', 'from', 'limit', 'order']);
  });

  it('refuses a field that is given twice', async () => {
    const api = await givenApi();
    expect(problemOf(await api.get('/v1/signals?limit=1&limit=2'))).toMatchObject({ status: 400, paths: ['limit'] });
  });

  it('refuses a path that is not a URL', async () => {
    const api = await givenApi();
    expect(problemOf(await api.get('/v1/events/%zz'))).toMatchObject({ status: 400, kind: 'invalid-request' });
  });

  it('shows nothing of a failure of its own', async () => {
    const failure = Object.assign(new Error('ENOSPC: secret detail'), { code: 'ENOSPC' });
    const broken = { head: () => Promise.reject(failure) } as unknown as EventStore;
    const api = await givenApi({ events: broken });
    const answer = await api.get('/v1/events');
    expect(problemOf(answer)).toMatchObject({ status: 500, kind: 'internal-error' });
    expect(JSON.stringify(answer.body)).not.toMatch(/secret|ENOSPC/);
  });

  it('says that the store is away', async () => {
    const broken = { head: () => Promise.reject(new StoreError('the disk is full')) } as unknown as EventStore;
    const api = await givenApi({ events: broken });
    const answer = await api.get('/v1/events');
    expect(problemOf(answer)).toMatchObject({ status: 503, kind: 'store-unavailable' });
    expect(answer.headers).toMatchObject({ 'retry-after': '1' });
  });
});

describe('the server', () => {
  it('is built without a warning, which would stand in the way of what a person reads', async () => {
    const warn = vi.spyOn(process, 'emitWarning');
    await givenApi();
    expect(warn).not.toHaveBeenCalled();
  });

  it('writes a line for a failure of its own, and none for other requests', async () => {
    const lines: string[] = [];
    const logger = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
    const broken = { head: () => Promise.reject(new Error('the cause')) } as unknown as EventStore;
    const api = await givenApi({
      events: broken,
      logger,
      apiKeys: [{ name: 'alice', scope: 'trade', key: 'alice-secret-0123456789' }],
    });
    await api.get('/livez');
    await api.get('/v1/nothing', { 'x-api-key': 'alice-secret-0123456789' });
    await api.get('/v1/events', { 'x-api-key': 'wrong' });
    expect(lines).toEqual([]);
    await api.get('/v1/events?limit=1', { authorization: 'Bearer alice-secret-0123456789' });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      msg: 'the request failed',
      url: '/v1/events?limit=1',
      err: { message: 'the cause' },
    });
    expect(lines[0]).not.toContain('alice-secret');
  });
});

describe('what is not HTTP', () => {
  async function answerTo(code: string): Promise<string> {
    const socket = new PassThrough();
    answerBrokenRequest(systemTime, Object.assign(new Error('broken'), { code }), socket);
    let text = '';
    for await (const chunk of socket) text += chunk;
    return text;
  }

  it.each([
    ['HPE_INVALID_METHOD', '400 Bad Request', 'invalid-request'],
    ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large', 'headers-too-large'],
    ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout', 'request-timeout'],
  ])('is answered with a problem (%s)', async (code, status, kind) => {
    const [head, body] = (await answerTo(code)).split('\r\n\r\n');
    expect(head?.split('\r\n').slice(0, 2)).toEqual([`HTTP/1.1 ${status}`, 'Content-Type: application/problem+json']);
    expect(JSON.parse(body ?? '')).toMatchObject({
      status: Number(status.slice(0, 3)),
      type: `urn:tapedeck:problem:${kind}`,
    });
  });

  it('has its connection ended soon, though the client does not end it', async () => {
    const socket = new PassThrough();
    answerBrokenRequest(hastyTime(), Object.assign(new Error('slow'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket);
    expect(socket.destroyed).toBe(false);
    await vi.waitFor(() => expect(socket.destroyed).toBe(true));
  });

  it('is not answered when the other side is gone', async () => {
    const socket = new PassThrough();
    answerBrokenRequest(systemTime, Object.assign(new Error('gone'), { code: 'ECONNRESET' }), socket);
    expect(socket.destroyed).toBe(true);
  });
});

describe('who may call', () => {
  const apiKeys: ApiKey[] = [
    { name: 'alice', scope: 'trade', key: 'alice-secret-0123456789' },
    { name: 'bob', scope: 'trade', key: 'bob-secret-0123456789' },
  ];

  it('lets in who has a key, in either header', async () => {
    const api = await givenApi({ apiKeys });
    expect((await api.get('/v1/events', { authorization: 'Bearer bob-secret-0123456789' })).status).toBe(200);
    expect((await api.get('/v1/events', { 'x-api-key': 'alice-secret-0123456789' })).status).toBe(200);
  });

  it.each([
    ['no key', {}],
    ['a wrong key', { 'x-api-key': 'alice-secret-0123456780' }],
    ['a name for a key', { authorization: 'Bearer alice' }],
    ['another scheme', { authorization: 'Basic YWxpY2U6eA==' }],
  ])('refuses %s', async (_name, headers: Record<string, string>) => {
    const api = await givenApi({ apiKeys });
    for (const url of ['/v1/events', '/v1/nothing']) {
      const answer = await api.get(url, headers);
      expect(problemOf(answer)).toMatchObject({ status: 401, kind: 'unauthorized' });
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
  });

  it('asks no key of the health routes', async () => {
    const api = await givenApi({ apiKeys });
    for (const path of ['/livez', '/readyz', '/startupz']) expect((await api.get(path)).status).toBe(200);
  });

  it('without keys answers under the names of this machine only', async () => {
    const api = await givenApi();
    for (const host of ['localhost:3000', '127.0.0.1:3000', '[::1]:3000']) {
      expect((await api.get('/v1/events', { host })).status).toBe(200);
    }
    for (const host of ['LOCALHOST:3000', 'localhost.', 'LocalHost.:3000']) {
      expect((await api.get('/v1/events', { host })).status).toBe(200);
    }
    for (const url of ['/metrics', '/openapi.json', '/docs', '/docs/static/swagger-ui.css']) {
      const { statusCode } = await api.server.inject({ url, headers: { host: 'rebound.example' } });
      expect([url, statusCode]).toEqual([url, 403]);
      expect((await api.server.inject({ url, headers: { host: 'localhost' } })).statusCode, url).toBeLessThan(400);
    }
    for (const url of ['/livez', '/readyz', '/startupz']) {
      expect((await api.server.inject({ url, headers: { host: '10.1.2.3' } })).statusCode).toBe(200);
    }
    expect(problemOf(await api.get('/v1/events', { host: 'rebound.example' }))).toMatchObject({ status: 403 });
    expect(problemOf(await api.get('/v1/events', { host: '127.0.0.1.example' }))).toMatchObject({ status: 403 });
  });

  it('without keys binds to the loopback only', async () => {
    for (const host of ['127.0.0.1', 'localhost', '::1']) expect(await bindHost({ host, apiKeys: [] })).toBe(host);
    for (const host of ['0.0.0.0', '::', '192.168.1.2', '127.example', '']) {
      await expect(bindHost({ host, apiKeys: [] })).rejects.toThrow(OpenServerError);
    }
    expect(await bindHost({ host: '0.0.0.0', apiKeys })).toBe('0.0.0.0');
  });
});
