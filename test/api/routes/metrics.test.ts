import { describe, expect, it } from 'vitest';
import { makeMetrics } from '../../../src/metric-families.ts';
import { ENGINE_FAMILIES } from '../../../src/runtime/engine/engine-metrics.ts';
import { PROCESS_FAMILIES } from '../../../src/runtime/process/process-metrics.ts';
import { figuresOf } from '../../support/figures.ts';
import { type GivenApi, givenApi, idOf, recordSettings } from '../given-api.ts';

async function scrape(api: GivenApi): Promise<ReadonlyMap<string, number>> {
  const answer = await api.server.inject({ method: 'GET', url: '/metrics' });
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(answer.headers['cache-control']).toBe('no-store');
  return figuresOf(answer.body);
}

describe('/metrics', () => {
  it('has the time of each request by method, pattern of the route and status, and never a path', async () => {
    const api = await givenApi();
    await recordSettings(api);
    await api.get('/v1/orders');
    await api.get('/v1/orders');
    for (let i = 0; i < 5; i++) await api.get(`/v1/orders/${idOf(String(i))}`);
    await api.get('/v1/orders?limit=-1');
    await api.get('/nowhere/42');
    await api.delete('/v1/signals');
    const seen = await scrape(api);
    const count = (method: string, route: string, status: number) =>
      seen.get(`tapedeck_http_request_seconds_count{method="${method}",route="${route}",status="${status}"}`);
    expect(count('GET', '/v1/orders', 200)).toBe(2);
    expect(count('GET', '/v1/orders', 400)).toBe(1);
    expect(count('GET', '/v1/orders/:id', 404)).toBe(5);
    expect(count('GET', 'unmatched', 404)).toBe(1);
    expect(count('DELETE', '/v1/signals', 405)).toBe(1);
    expect([...seen.keys()].filter((name) => name.includes(idOf('1')) || name.includes('nowhere'))).toEqual([]);
    const within = 'le="2.5",method="GET",route="/v1/orders",status="200"';
    expect(seen.get(`tapedeck_http_request_seconds_bucket{${within}}`)).toBe(2);
  });

  it('needs no key where all else does', async () => {
    const api = await givenApi({ apiKeys: [{ name: 'me', key: 'a-secret-key', scope: 'read' }] });
    expect((await api.get('/v1/orders')).status).toBe(401);
    const seen = await scrape(api);
    expect(seen.size).toBeGreaterThan(20);
    expect([...seen.keys()].join()).not.toContain('a-secret-key');
  });

  it('has the figures of the other threads as well', async () => {
    const [own, main] = [makeMetrics(), makeMetrics()];
    main.of(ENGINE_FAMILIES).lag.set(7);
    main.of(PROCESS_FAMILIES).heapUsed.set({ thread: 'main' }, 11);
    own.of(PROCESS_FAMILIES).heapUsed.set({ thread: 'api' }, 5);
    const seen = await scrape(await givenApi({ metrics: own, otherMetrics: async () => [await main.snapshot()] }));
    expect(seen.get('tapedeck_engine_lag_seconds')).toBe(7);
    expect(seen.get('tapedeck_heap_used_bytes{thread="main"}')).toBe(11);
    expect(seen.get('tapedeck_heap_used_bytes{thread="api"}')).toBe(5);
  });

  it('answers with its own figures when another thread does not', async () => {
    const api = await givenApi({ otherMetrics: () => Promise.reject(new Error('it does not answer')) });
    expect((await scrape(api)).get('tapedeck_collect_failures_total{source="main thread"}')).toBe(1);
  });

  it('shows how many requests wait for orders, beside how many may', async () => {
    const seen = await scrape(await givenApi());
    expect(seen.get('tapedeck_queue_depth{queue="order-waits"}')).toBe(0);
    expect(seen.get('tapedeck_queue_limit{queue="order-waits"}')).toBe(100);
  });
});
