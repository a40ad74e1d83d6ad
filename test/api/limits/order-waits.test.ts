import { describe, expect, it, vi } from 'vitest';
import type { ApiKey } from '../../../src/config/api-keys.ts';
import { makeMetrics } from '../../../src/metric-families.ts';
import { figures } from '../../support/figures.ts';
import { givenApi, recordSettings, TIMEOUTS } from '../given-api.ts';

const apiKeys: ApiKey[] = ['alice', 'bob'].map((name) => ({ name, scope: 'trade', key: `${name}-secret-0123456789` }));
const ORDER = { account: 'paper-1', venue: 'binance', symbol: 'BTCUSDT', side: 'buy', type: 'market', quantity: '0.2' };

describe('waits for orders', () => {
  it('are shared out by key: who has its share is answered without a wait, and others still wait', async () => {
    const metrics = makeMetrics();
    const api = await givenApi({ apiKeys, metrics, timeouts: { ...TIMEOUTS, orderMs: 60_000 } });
    await recordSettings(api);
    const waits = async () => (await figures(metrics)).get('tapedeck_queue_depth{queue="order-waits"}');
    // Nothing decides here, so each waits until the server closes.
    const order = (name: string, key: number) =>
      api.server.inject({
        method: 'POST',
        url: '/v1/orders?wait=decided',
        headers: { 'x-api-key': `${name}-secret-0123456789`, 'idempotency-key': `${name}-${key}` },
        payload: ORDER,
      });
    const waiting = Array.from({ length: 50 }, (_, key) => order('alice', key));
    await vi.waitFor(async () => expect(await waits()).toBe(50), { timeout: 10_000 });
    expect((await order('alice', 50)).statusCode).toBe(202);
    waiting.push(order('bob', 0));
    await vi.waitFor(async () => expect(await waits()).toBe(51));
    await api.server.close();
    for (const { statusCode } of await Promise.all(waiting)) expect(statusCode).toBe(202);
    expect(await waits()).toBe(0);
  });
});
