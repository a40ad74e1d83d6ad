import { describe, expect, it, vi } from 'vitest';
import { MAX_ANSWER_BYTES } from '../../../src/api/limits/read-turns.ts';
import type { ApiKey } from '../../../src/config/api-keys.ts';
import { makeMetrics } from '../../../src/metric-families.ts';
import { figures } from '../../support/figures.ts';
import { quickened, timeAt } from '../../support/test-time.ts';
import { dial } from '../dialled.ts';
import { type GivenApi, givenApi, NOW, recordSettings } from '../given-api.ts';

const apiKeys: ApiKey[] = ['alice', 'bob'].map((name) => ({ name, scope: 'trade', key: `${name}-secret-0123456789` }));
const as = (name: string) => ({ 'x-api-key': `${name}-secret-0123456789` });
const MIB = 1024 * 1024;

const pageOf = (stream: string) => `/v1/events?stream=${stream}&limit=1000`;

/** So many large pages of one key, asked for at once; and how many have begun to be made. */
function manyPages(api: GivenApi, count: number, isHeld: () => Promise<void> = async () => {}) {
  const begun = { alice: 0, bob: 0 };
  const read = api.events.read.bind(api.events);
  api.events.read = async (query) => {
    if (query.stream === 'alice' || query.stream === 'bob') {
      begun[query.stream]++;
      await isHeld();
    }
    return read(query);
  };
  const pages = Array.from({ length: count }, () => api.server.inject({ url: pageOf('alice'), headers: as('alice') }));
  const statuses = async () => (await Promise.all(pages)).map(({ statusCode }) => statusCode);
  return { begun, statuses };
}

const all200 = (count: number) => Array.from({ length: count }, () => 200);

describe('large pages that one key asks for at once', () => {
  it('let a halt that comes behind them go before most of them', async () => {
    const api = await givenApi({ apiKeys });
    await recordSettings(api);
    const { begun, statuses } = manyPages(api, 200);
    const halted = await api.post('/v1/accounts/paper-1/halt', { reason: 'too much' }, as('bob'));
    expect(halted.status).toBe(202);
    expect(begun.alice).toBeGreaterThan(0);
    expect(begun.alice).toBeLessThan(100);
    expect(await statuses()).toEqual(all200(200));
  });

  it('let the reads of another key go between them', async () => {
    const api = await givenApi({ apiKeys });
    const { begun, statuses } = manyPages(api, 200);
    for (const path of [pageOf('bob'), '/v1/prices']) {
      expect((await api.server.inject({ url: path, headers: as('bob') })).statusCode).toBe(200);
      expect(begun.alice).toBeLessThan(100);
    }
    expect(await statuses()).toEqual(all200(200));
  });

  it('are made one after the other, and keep a store that is slow from no other key', async () => {
    const api = await givenApi({ apiKeys });
    const { promise, resolve } = Promise.withResolvers<void>();
    const { begun, statuses } = manyPages(api, 20, () => promise);
    const other = api.server.inject({ url: pageOf('bob'), headers: as('bob') });
    await vi.waitFor(() => expect(begun.bob).toBe(1));
    expect(begun.alice).toBe(1);
    resolve();
    expect((await other).statusCode).toBe(200);
    expect(await statuses()).toEqual(all200(20));
  });
});

describe('large answers that nobody takes', () => {
  it('are few, whatever is asked for: further reads of the key wait, then are told to come again', async () => {
    const metrics = makeMetrics();
    const api = await givenApi({ apiKeys, metrics, time: quickened(timeAt(NOW), 5) });
    const bytes = async () => (await figures(metrics)).get('tapedeck_queue_depth{queue="http-answer-bytes"}') as number;
    const row = { key: 'k', value: null, position: '1', text: JSON.stringify({ venue: 'v'.repeat(MIB) }) };
    api.reads.findTexts = async () => [row];
    const clients = await Promise.all([dial(api), dial(api)]);
    for (const { socket } of clients) {
      socket.pause();
      socket.write(`GET /v1/prices HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${as('alice')['x-api-key']}\r\n\r\n`.repeat(60));
    }
    let most = 0;
    await vi.waitFor(
      async () => {
        most = Math.max(most, await bytes());
        expect(most).toBeGreaterThanOrEqual(MAX_ANSWER_BYTES / 2);
      },
      { timeout: 10_000 },
    );
    const refused = await api.server.inject({ url: '/v1/prices', headers: as('alice') });
    expect(refused).toMatchObject({ statusCode: 503, headers: { 'retry-after': '1' } });
    expect(Math.max(most, await bytes())).toBeLessThanOrEqual(MAX_ANSWER_BYTES / 2 + 10 * (MIB + 100));
    expect((await api.server.inject({ url: '/v1/prices', headers: as('bob') })).statusCode).toBe(200);
    for (const { socket } of clients) socket.destroy();
    await vi.waitFor(async () => expect(await bytes()).toBe(0));
    expect((await api.server.inject({ url: '/v1/prices', headers: as('alice') })).statusCode).toBe(200);
  });
});
