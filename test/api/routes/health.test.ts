import { describe, expect, it } from 'vitest';
import { behind } from '../../../src/api/routes/health.ts';
import { ACCOUNT, givenApi, idOf, problemOf, recordSettings } from '../given-api.ts';

const healthy = () => [];
const failing = () => [{ path: 'orders@1', message: 'has not read the tape yet' }];

describe('the health routes', () => {
  it.each(['/livez', '/readyz', '/startupz'])('%s is 200 when all is well', async (path) => {
    const api = await givenApi();
    const answer = await api.get(path);
    expect(answer).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it.each([
    ['/livez', 'live'],
    ['/readyz', 'ready'],
    ['/startupz', 'started'],
  ] as const)('%s alone is 503 when its own check fails, and says why', async (path, check) => {
    const api = await givenApi({
      health: { live: healthy, ready: healthy, started: healthy, [check]: failing, report: () => null },
    });
    expect(problemOf(await api.get(path))).toEqual({ status: 503, kind: `not-${check}`, paths: ['orders@1'] });
    const others = ['/livez', '/readyz', '/startupz'].filter((other) => other !== path);
    for (const other of others) expect((await api.get(other)).status).toBe(200);
  });

  it('counts as behind what lags more than it may, and what has read nothing', () => {
    const source = (projection: string, caughtUp: boolean, lagMs: number | null) => ({
      progress: () => ({ projection, caughtUp, lagMs }),
    });
    const sources = [
      source('at-end', true, 0),
      source('near', false, 1_000),
      source('far', false, 1_001),
      source('new', false, null),
    ];
    expect(behind(sources, 1_000).map(({ path }) => path)).toEqual(['far', 'new']);
  });
});

describe('a read that finds nothing', () => {
  const READS = [
    '/v1/accounts/nobody',
    '/v1/accounts/nobody/limits',
    '/v1/accounts/nobody/positions',
    '/v1/accounts/nobody/equity',
    `/v1/orders/${idOf('none')}`,
    '/v1/prices/binance/BTCUSDT',
    '/v1/book/binance/BTCUSDT',
  ];
  /** Asked of the tape itself, or of the settings on it. */
  const OF_THE_TAPE = [
    `/v1/events/${idOf('none')}`,
    '/v1/prices/binance/ETHUSDT',
    '/v1/bars?venue=binance&symbol=ETHUSDT&interval=1m',
  ];

  it('is told to come again as long as the read models do not have what was there at the start', async () => {
    const api = await givenApi({}, false);
    await recordSettings(api);
    for (const path of READS) {
      const answer = await api.get(path);
      expect([path, problemOf(answer), answer.headers['retry-after']]).toEqual([
        path,
        { status: 503, kind: 'starting', paths: [] },
        '1',
      ]);
    }
    for (const path of OF_THE_TAPE) expect([path, (await api.get(path)).status]).toEqual([path, 404]);
    // What is there is shown all the same.
    expect((await api.get(`/v1/accounts/${ACCOUNT.id}`)).status).toBe(200);
  });

  it('is a 404 after that', async () => {
    const api = await givenApi();
    await recordSettings(api);
    for (const path of [...READS, ...OF_THE_TAPE]) expect([path, (await api.get(path)).status]).toEqual([path, 404]);
  });
});
