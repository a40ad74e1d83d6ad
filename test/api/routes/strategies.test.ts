import { describe, expect, it } from 'vitest';
import { accountStream, SETTINGS_STREAM, signalsStream } from '../../../src/domain/streams.ts';
import {
  ACCOUNT,
  type GivenApi,
  givenApi,
  idOf,
  minuteTime,
  problemOf,
  recordHalt,
  recordSettings,
  STRATEGY,
  signal,
  TIMEOUTS,
} from '../given-api.ts';

async function recordSignal(api: GivenApi, minute: number, strategy = 'cross') {
  return api.record('SignalGenerated', signalsStream(strategy), signal(minute, strategy), { at: minuteTime(minute) });
}

async function recordMinutes(api: GivenApi, from: number, to: number): Promise<void> {
  for (let minute = from; minute < to; minute++) await recordSignal(api, minute);
}

const times = (body: { data: { at: string }[] }) => body.data.map(({ at }) => at);

describe('GET /v1/signals', () => {
  it('lists signals, newest first', async () => {
    const api = await givenApi();
    const { id, position } = await recordSignal(api, 0);
    await recordSignal(api, 1);
    const { body, status } = await api.get('/v1/signals');
    expect(status).toBe(200);
    expect(body.next).toBeNull();
    expect(times(body)).toEqual([minuteTime(1), minuteTime(0)]);
    expect(body.data[1]).toMatchObject({ id, position, ...signal(0), at: minuteTime(0) });
    expect(Object.keys(body.data[0])).not.toContain('_position');
  });

  it('is in order of time when asked', async () => {
    const api = await givenApi();
    await recordMinutes(api, 0, 3);
    expect(times((await api.get('/v1/signals?order=asc')).body)).toEqual([0, 1, 2].map(minuteTime));
  });

  it('shows each signal once while signals are added between pages', async () => {
    const api = await givenApi();
    await recordMinutes(api, 0, 7);
    const seen: string[] = [];
    let cursor = '';
    for (let pages = 0; pages < 4; pages++) {
      const { body } = await api.get(`/v1/signals?limit=2${cursor}`);
      seen.push(...times(body));
      await recordMinutes(api, 10 + pages * 2, 12 + pages * 2);
      if (body.next === null) break;
      cursor = `&cursor=${body.next}`;
    }
    expect(seen).toEqual([6, 5, 4, 3, 2, 1, 0].map(minuteTime));
  });

  it('goes on with what was added behind, in order of time', async () => {
    const api = await givenApi();
    await recordMinutes(api, 0, 3);
    const first = await api.get('/v1/signals?limit=2&order=asc');
    await recordMinutes(api, 3, 4);
    const second = await api.get(`/v1/signals?limit=2&order=asc&cursor=${first.body.next}`);
    expect([...times(first.body), ...times(second.body)]).toEqual([0, 1, 2, 3].map(minuteTime));
    expect(second.body.next).toBeNull();
  });

  it('tells signals of one and the same time apart', async () => {
    const api = await givenApi();
    const ids = [];
    for (const strategy of ['a', 'b', 'c']) ids.push((await recordSignal(api, 0, strategy)).id);
    const first = await api.get('/v1/signals?limit=2');
    const second = await api.get(`/v1/signals?limit=2&cursor=${first.body.next}`);
    const seen = [...first.body.data, ...second.body.data].map(({ id }) => id);
    expect(seen).toEqual(ids.reverse());
  });

  it('selects by strategy, instrument and time: from inclusive, to exclusive', async () => {
    const api = await givenApi();
    await recordMinutes(api, 0, 5);
    await recordSignal(api, 2, 'other');
    const range = `from=${minuteTime(1)}&to=${minuteTime(3)}`;
    expect(times((await api.get(`/v1/signals?strategy=cross&${range}`)).body)).toEqual([2, 1].map(minuteTime));
    expect((await api.get('/v1/signals?strategy=other')).body.data).toHaveLength(1);
    expect((await api.get('/v1/signals?venue=binance&symbol=BTCUSDT&from=2025-01-01')).body.data).toHaveLength(6);
    expect((await api.get('/v1/signals?venue=coinbase')).body.data).toEqual([]);
    expect((await api.get('/v1/signals?to=2025-01-01T00:00:00Z')).body.data).toEqual([]);
  });

  it('refuses a cursor from elsewhere, naming it', async () => {
    const api = await givenApi();
    await recordMinutes(api, 0, 3);
    const { body } = await api.get('/v1/signals?limit=1');
    for (const query of [`order=asc&cursor=${body.next}`, `strategy=cross&cursor=${body.next}`, 'cursor=nonsense']) {
      expect(problemOf(await api.get(`/v1/signals?${query}`))).toEqual({
        status: 400,
        kind: 'invalid-request',
        paths: ['cursor'],
      });
    }
    expect((await api.get(`/v1/signals?limit=2&cursor=${body.next}`)).body.data).toHaveLength(2);
  });
});

describe('the position that a read reflects', () => {
  it('is in the header of every answer, and moves with events that the read model has no use for', async () => {
    const api = await givenApi();
    const first = await recordSignal(api, 0);
    expect((await api.get('/v1/signals')).headers['tapedeck-position']).toBe(first.position);
    const { position } = await api.record('FeedRecovered', 'feed-binance.BTCUSDT', {
      venue: 'binance',
      symbol: 'BTCUSDT',
      reason: 'gap',
      eventTime: minuteTime(1),
    });
    expect((await api.get('/v1/signals')).headers['tapedeck-position']).toBe(position);
  });

  it('is waited for, and when it does not come the answer says so', async () => {
    const api = await givenApi();
    const { position } = await recordSignal(api, 0);
    expect((await api.get(`/v1/signals?min-position=${position}`)).body.data).toHaveLength(1);
    const late = await api.get(`/v1/signals?min-position=${Number(position) + 1}`);
    expect(problemOf(late)).toEqual({ status: 503, kind: 'position-not-reached', paths: ['min-position'] });
    expect(late.headers['retry-after']).toBe('1');
    for (const never of ['033555', '00', '-0', '+1', '1'.repeat(21)]) {
      const answer = await api.get(`/v1/signals?min-position=${encodeURIComponent(never)}`);
      expect(problemOf(answer)).toEqual({ status: 400, kind: 'invalid-request', paths: ['min-position'] });
    }
    // Both are wrong, and only one is worth waiting for.
    const noCursor = await api.get('/v1/signals?cursor=WyJhIl0&min-position=99999999999');
    expect(problemOf(noCursor)).toEqual({ status: 400, kind: 'invalid-request', paths: ['cursor'] });
    expect(problemOf(await api.get('/v1/signals?min-position=soon'))).toMatchObject({ status: 400, paths: ['min-position'] });
  });

  it('is waited for until it is there', async () => {
    const api = await givenApi({ timeouts: { ...TIMEOUTS, positionMs: 20_000, orderMs: 20_000 } });
    const { position } = await recordSignal(api, 0);
    const next = String(Number(position) + 1);
    const waiting = [api.get(`/v1/signals?min-position=${next}`), api.get(`/v1/events?min-position=${next}`)];
    await recordSignal(api, 1);
    for (const answer of await Promise.all(waiting)) expect(answer.body.data).toHaveLength(2);
  });
});

describe('GET /v1/strategies', () => {
  it('lists those in force with what they did and the halts that hold them', async () => {
    const api = await givenApi();
    await recordSettings(api);
    await recordHalt(api, { strategy: 'other' });
    const nothing = { signals: 0, lastSignal: null, orders: 0, denied: 0, fills: 0, lastOrder: null, lastFill: null };
    const unhalted = { halts: [], accounts: [{ account: 'paper-1', inForce: true, halts: [] }] };
    expect((await api.get('/v1/strategies')).body).toEqual({ data: [{ ...STRATEGY, ...nothing, ...unhalted }], next: null });
    await api.record('SignalGenerated', 'signals-cross', signal(0), { at: minuteTime(1) });
    expect((await api.get('/v1/strategies')).body.data[0]).toMatchObject({
      signals: 1,
      lastSignal: { side: 'buy', at: minuteTime(1) },
    });
    await recordHalt(api, { strategy: 'cross' });
    await recordHalt(api, { account: 'paper-1' });
    const { body } = await api.get('/v1/strategies');
    expect(body.data[0].halts.map(({ scope }: { scope: object }) => scope)).toEqual([
      { strategy: 'cross' },
      { account: 'paper-1' },
    ]);
  });

  it('shows a strategy that was halted and is listed under another account as halted in both, with what else holds it there', async () => {
    const api = await givenApi();
    await recordSettings(api);
    await recordHalt(api, { strategy: 'cross' });
    await recordHalt(api, { strategy: 'other' });
    await api.record('AccountOpened', SETTINGS_STREAM, { ...ACCOUNT, id: 'paper-2' });
    await api.record('StrategyConfigured', SETTINGS_STREAM, { ...STRATEGY, account: 'paper-2' });
    await api.record('SettingsApplied', SETTINGS_STREAM, { generation: 2, changes: 2, hash: 'c'.repeat(64) });
    const frozen = { account: 'paper-2', mode: 'stop' as const, reason: 'drill', requestId: idOf('freeze') };
    await api.record('TradingHalted', accountStream('paper-2'), { ...frozen, scope: { account: 'paper-2' } });
    const shown = async () => {
      const [{ account, halts, accounts }] = (await api.get('/v1/strategies')).body.data;
      const scopes = (of: { scope: object }[]) => of.map(({ scope }) => scope);
      const standing = accounts.map((of: { account: string; inForce: boolean; halts: [] }) => [
        of.account,
        of.inForce,
        scopes(of.halts),
      ]);
      return { account, halts: scopes(halts), standing };
    };
    const both = [{ account: 'paper-2' }, { strategy: 'cross' }];
    const standing = [
      ['paper-2', true, both],
      ['paper-1', false, [{ strategy: 'cross' }]],
    ];
    expect(await shown()).toEqual({ account: 'paper-2', halts: both, standing });
    // The engine lifts it where it was said.
    const lifted = { account: 'paper-1', scope: { strategy: 'cross' }, reason: 'is well', requestId: idOf('resume') };
    await api.record('TradingResumed', accountStream('paper-1'), lifted);
    const rest = [{ account: 'paper-2' }];
    expect(await shown()).toEqual({ account: 'paper-2', halts: rest, standing: [['paper-2', true, rest]] });
  });
});
