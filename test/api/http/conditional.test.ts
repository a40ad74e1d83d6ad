import { describe, expect, it } from 'vitest';
import { givenApi, minuteTime, recordSettings, signal, TIMEOUTS } from '../given-api.ts';

const DEPTH = { venue: 'binance', symbol: 'BTCUSDT', eventTime: minuteTime(1), updateId: 1, bids: [], asks: [] };

describe('a read that is repeated', () => {
  it.each(['/v1/accounts', '/v1/accounts/paper-1', '/v1/strategies', '/v1/instruments', '/v1/events?limit=2'])(
    'of %s costs a few bytes while nothing has changed',
    async (url) => {
      const api = await givenApi();
      await recordSettings(api);
      const first = await api.get(url);
      const tag = String(first.headers.etag);
      expect(tag).toMatch(/^"[\w-]{27}"$/);
      expect(first.headers['cache-control']).toBe('private, no-cache');
      for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
        const again = await api.get(url, { 'if-none-match': known });
        expect(again).toMatchObject({ status: 304, body: undefined });
        expect(again.headers).toMatchObject({ etag: tag, 'tapedeck-position': first.headers['tapedeck-position'] });
        expect(again.headers).not.toHaveProperty('content-type');
        const head = await api.server.inject({ method: 'HEAD', url, headers: { 'if-none-match': known } });
        expect(head).toMatchObject({ statusCode: 304, body: '' });
        expect(head.headers.etag).toBe(tag);
      }
      expect((await api.get(url, { 'if-none-match': '"other"' })).status).toBe(200);
    },
  );

  it('is answered again when something has', async () => {
    const api = await givenApi();
    await api.record('DepthSampled', 'depth-binance.BTCUSDT.2025-01-01', DEPTH);
    const first = await api.get('/v1/book/binance/BTCUSDT');
    await api.record('DepthSampled', 'depth-binance.BTCUSDT.2025-01-01', { ...DEPTH, updateId: 2 });
    const second = await api.get('/v1/book/binance/BTCUSDT', { 'if-none-match': String(first.headers.etag) });
    expect(second).toMatchObject({ status: 200, body: { updateId: 2 } });
    expect(second.headers.etag).not.toBe(first.headers.etag);
  });

  it('waits for the position that it names before it says that nothing has changed', async () => {
    const api = await givenApi({ timeouts: { ...TIMEOUTS, positionMs: 20_000 } });
    const first = await api.get('/v1/signals');
    const next = String(Number(first.headers['tapedeck-position']) + 1);
    const waiting = api.get(`/v1/signals?min-position=${next}`, { 'if-none-match': String(first.headers.etag) });
    await api.record('SignalGenerated', 'signals-cross', signal(0));
    expect((await waiting).status).toBe(200);
  });

  it('has no tag where it failed', async () => {
    const api = await givenApi();
    expect((await api.get('/v1/accounts/nobody')).headers).not.toHaveProperty('etag');
    expect((await api.get('/livez')).headers).not.toHaveProperty('etag');
  });

  it('may ask for the head alone', async () => {
    const api = await givenApi();
    const whole = await api.get('/v1/accounts');
    const head = await api.server.inject({ method: 'HEAD', url: '/v1/accounts' });
    expect(head.headers.etag).toBe(whole.headers.etag);
    expect(head.body).toBe('');
  });
});
