import { execFileSync } from 'node:child_process';
import { renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { bindHost, OpenServerError } from '../../../src/api/http/auth.ts';
import { KeyRing } from '../../../src/api/http/key-ring.ts';
import type { ApiKey, KeptKeys } from '../../../src/config/api-keys.ts';
import { addKey, readKeys, revokeKey } from '../../../src/config/api-keys.ts';
import type { Time } from '../../../src/ports/clock.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';
import { quickened, timeAt } from '../../support/test-time.ts';
import { givenApi, NOW, problemOf, recordSettings } from '../given-api.ts';

const temporary = new TemporaryFolder();
const clock = { now: () => NOW };
const HALT = { mode: 'stop', reason: 'test' };
const answerOf = ({ statusCode, headers, json }: LightMyRequestResponse) => ({ status: statusCode, headers, body: json() });
const as = (key: string) => ({ authorization: `Bearer ${key}` });

let keyFolder: string;
beforeEach(() => {
  keyFolder = dirname(temporary.newFile());
});

describe('a key that may only read', () => {
  const apiKeys: ApiKey[] = [{ name: 'eve', scope: 'read', key: 'eve-secret-0123456789' }];
  const eve = as('eve-secret-0123456789');

  it('reads, and changes nothing', async () => {
    const api = await givenApi({ apiKeys });
    await recordSettings(api);
    const before = await api.events.head();
    expect((await api.get('/v1/accounts', eve)).status).toBe(200);
    for (const answer of [
      await api.post('/v1/accounts/paper-1/halt', HALT, eve),
      await api.post('/v1/orders', {}, eve),
      await api.delete(`/v1/orders/${crypto.randomUUID()}`, eve),
    ]) {
      expect(problemOf(answer)).toMatchObject({ status: 403, kind: 'insufficient-scope', paths: ['Authorization'] });
    }
    expect(await api.events.head()).toBe(before);
  });
});

describe('keys that are kept in a folder', () => {
  it('let in as soon as they are made, and no longer once revoked', async () => {
    const api = await givenApi({ keyFolder });
    expect((await api.get('/v1/events')).status).toBe(200);
    const key = await addKey(keyFolder, { name: 'alice', scope: 'trade', expiresAt: null }, clock);
    api.time.ms += 1_000;
    expect(problemOf(await api.get('/v1/events'))).toMatchObject({ status: 401, kind: 'unauthorized', paths: ['Authorization'] });
    expect((await api.get('/v1/events', as(key))).status).toBe(200);
    await revokeKey(keyFolder, 'alice');
    api.time.ms += 1_000;
    expect(problemOf(await api.get('/v1/events', as(key)))).toMatchObject({ status: 401, kind: 'unauthorized' });
    // Nor is the server open to whoever is on this machine, as it was before there was a key.
    expect((await api.get('/v1/events')).status).toBe(401);
  });

  it('are recorded as the actor, and refused when they expire', async () => {
    const expiresAt = NOW + 60_000;
    const key = await addKey(keyFolder, { name: 'bob', scope: 'trade', expiresAt }, clock);
    const api = await givenApi({ keyFolder });
    await recordSettings(api);
    const { body } = await api.post('/v1/accounts/paper-1/halt', HALT, as(key));
    expect((await api.get(`/v1/events/${body.requestId}`, as(key))).body.metadata.actor).toBe('api:bob');
    api.time.ms = expiresAt - 1;
    expect((await api.get('/v1/events', as(key))).status).toBe(200);
    api.time.ms = expiresAt;
    expect(problemOf(await api.get('/v1/events', as(key)))).toMatchObject({
      status: 401,
      kind: 'key-expired',
      paths: ['Authorization'],
    });
  });

  it('still hold when their folder can be read no more, which is said once', async () => {
    const key = await addKey(keyFolder, { name: 'alice', scope: 'trade', expiresAt: null }, clock);
    const lines: string[] = [];
    const logger = pino({}, { write: (line: string) => lines.push(line) });
    const api = await givenApi({ keyFolder, logger });
    expect((await api.get('/v1/events', as(key))).status).toBe(200);
    // No folder any more, so that it cannot be listed, whoever runs this test.
    renameSync(keyFolder, `${keyFolder}-away`);
    writeFileSync(keyFolder, '');
    for (let second = 0; second < 3; second++) {
      api.time.ms += 1_000;
      expect((await api.get('/v1/events', as(key))).status).toBe(200);
      expect((await api.get('/v1/events', as('another-key-0123456789'))).status).toBe(401);
    }
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 50, file: keyFolder, reason: expect.stringContaining('ENOTDIR') });
    rmSync(keyFolder);
    renameSync(`${keyFolder}-away`, keyFolder);
    await revokeKey(keyFolder, 'alice');
    api.time.ms += 1_000;
    expect((await api.get('/v1/events', as(key))).status).toBe(401);
  });

  it('hold beside a pipe that nobody writes to, and beside a file that has no end in sight', async () => {
    const key = await addKey(keyFolder, { name: 'alice', scope: 'trade', expiresAt: null }, clock);
    const [pipe, endless] = [join(keyFolder, 'pipe.json'), join(keyFolder, 'endless.json')];
    execFileSync('mkfifo', [pipe]);
    writeFileSync(endless, '');
    truncateSync(endless, 2 ** 40);
    const lines: string[] = [];
    const api = await givenApi({ keyFolder, logger: pino({}, { write: (line: string) => lines.push(line) }) });
    expect((await api.get('/v1/events', as(key))).status).toBe(200);
    expect((await api.get('/v1/events')).status).toBe(401);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { file: endless, reason: 'it is longer than 4096 bytes' },
      { file: pipe, reason: 'it is not a plain file' },
    ]);
  });

  it('hold while a read of them does not end, and are read again when it has ended', async () => {
    const key = await addKey(keyFolder, { name: 'alice', scope: 'trade', expiresAt: null }, clock);
    const time = timeAt(NOW);
    const complaints: string[] = [];
    const hung = Promise.withResolvers<KeptKeys>();
    const reads = [readKeys(keyFolder), hung.promise, readKeys(`${keyFolder}-empty`)];
    const read = () => reads.shift() ?? Promise.reject(new Error('no further read'));
    const quick: Time = { ...quickened(time, 200), now: () => time.ms };
    const ring = new KeyRing({ apiKeys: [], keyFolder }, quick, ({ reason }) => complaints.push(reason), read);
    await ring.refresh();
    // The second request begins no read beside the one that hangs.
    for (const _ of [1, 2]) {
      time.ms += 1_000;
      await ring.refresh();
      expect(ring.find(key)).toMatchObject({ name: 'alice' });
    }
    expect(reads).toHaveLength(1);
    expect(complaints).toEqual([expect.stringContaining('cannot be read in time')]);
    hung.resolve({ keys: [], unreadable: [] });
    await new Promise(setImmediate);
    time.ms += 1_000;
    await ring.refresh();
    expect(ring.find(key)).toBeUndefined();
  });

  it('that cannot be read keep everyone out, and say so', async () => {
    const api = await givenApi({ keyFolder: '/dev/null' });
    expect(problemOf(await api.get('/v1/events'))).toMatchObject({ status: 503 });
    expect((await api.get('/livez')).status).toBe(200);
  });

  it('allow the server to be bound to other addresses than the loopback', async () => {
    await expect(bindHost({ host: '0.0.0.0', apiKeys: [], keyFolder })).rejects.toThrow(OpenServerError);
    await addKey(keyFolder, { name: 'alice', scope: 'read', expiresAt: null }, clock);
    expect(await bindHost({ host: '0.0.0.0', apiKeys: [], keyFolder })).toBe('0.0.0.0');
  });
});

describe('without keys', () => {
  it('a program on another machine is refused, whatever the server is bound to', async () => {
    const api = await givenApi();
    const ask = (remoteAddress: string) => api.server.inject({ url: '/v1/events', remoteAddress });
    for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) expect((await ask(address)).statusCode).toBe(200);
    for (const address of ['192.168.1.7', '::ffff:192.168.1.7', '2001:db8::1']) expect((await ask(address)).statusCode).toBe(403);
  });
});

describe('the rate of requests', () => {
  it('is limited for every key, whatever its name, and not for programs of this machine without keys', async () => {
    const apiKeys: ApiKey[] = [{ name: 'local', scope: 'read', key: 'local-secret-0123456789' }];
    const keyed = await givenApi({ apiKeys, rateLimit: 1 });
    const ask = async () => (await keyed.get('/v1/events', as('local-secret-0123456789'))).status;
    expect([await ask(), await ask()]).toEqual([200, 429]);
    const open = await givenApi({ rateLimit: 1 });
    for (let n = 0; n < 3; n++) expect((await open.get('/v1/events')).status).toBe(200);
  });

  it('is limited for each address where no key is needed, but for the probes', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOW });
    try {
      const { server } = await givenApi();
      const status = async (url: string, remoteAddress = '127.0.0.1') => (await server.inject({ url, remoteAddress })).statusCode;
      for (let asked = 0; asked < 50; asked++) {
        expect(await status('/openapi.json')).toBe(200);
        expect(await status('/metrics')).toBe(200);
      }
      expect(problemOf(answerOf(await server.inject('/docs/static/index.css')))).toMatchObject({
        status: 429,
        kind: 'rate-limited',
      });
      expect(await status('/metrics')).toBe(429);
      expect(await status('/metrics', '127.0.0.2')).toBe(200);
      expect(await status('/livez')).toBe(200);
      expect(await status('/v1/events')).toBe(200);
      vi.setSystemTime(NOW + 1_001);
      expect(await status('/metrics')).toBe(200);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is limited for each key, and says when to come again', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOW });
    try {
      const apiKeys: ApiKey[] = ['alice', 'bob'].map((name) => ({ name, scope: 'read', key: `${name}-secret-0123456789` }));
      const api = await givenApi({ apiKeys, rateLimit: 3 });
      const alice = as('alice-secret-0123456789');
      const statuses: number[] = [];
      for (let n = 0; n < 3; n++) statuses.push((await api.get('/v1/events', alice)).status);
      expect(statuses).toEqual([200, 200, 200]);
      const refused = await api.get('/v1/events', alice);
      expect(problemOf(refused)).toMatchObject({ status: 429, kind: 'rate-limited' });
      expect(refused.headers).toMatchObject({ 'ratelimit-limit': '3', 'ratelimit-remaining': '0', 'retry-after': '1' });
      expect((await api.get('/v1/events', as('bob-secret-0123456789'))).headers).toMatchObject({ 'ratelimit-remaining': '2' });
      expect((await api.get('/livez')).status).toBe(200);
      vi.setSystemTime(NOW + 1_001);
      expect((await api.get('/v1/events', alice)).status).toBe(200);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is limited apart for halts: a key that is busy otherwise may halt', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOW });
    try {
      const apiKeys: ApiKey[] = [{ name: 'bot', scope: 'trade', key: 'bot-secret-0123456789' }];
      const api = await givenApi({ apiKeys, rateLimit: 2 });
      await recordSettings(api);
      const bot = as('bot-secret-0123456789');
      const statuses: number[] = [];
      for (let n = 0; n < 3; n++) statuses.push((await api.get('/v1/events', bot)).status);
      for (let n = 0; n < 3; n++) statuses.push((await api.post('/v1/accounts/paper-1/halt', HALT, bot)).status);
      expect(statuses).toEqual([200, 200, 429, 202, 202, 429]);
    } finally {
      vi.useRealTimers();
    }
  });
});
