import { describe, expect, it } from 'vitest';
import { accountStream, SETTINGS_STREAM } from '../../../src/domain/streams.ts';
import { givenApi, idOf, problemOf, recordHalt, recordSettings } from '../given-api.ts';

const HALT = { mode: 'stop', cancelOpen: true, reason: 'looks wrong' };

describe('stop and go', () => {
  it.each([
    [
      '/v1/accounts/paper-1/halt',
      HALT,
      'TradingHaltRequested',
      { scope: { account: 'paper-1' }, flatten: false, atLastPrice: false, ...HALT },
    ],
    [
      '/v1/accounts/paper-1/halt',
      { reason: 'check' },
      'TradingHaltRequested',
      {
        scope: { account: 'paper-1' },
        mode: 'reduce-only',
        cancelOpen: false,
        flatten: false,
        atLastPrice: false,
        reason: 'check',
      },
    ],
    [
      '/v1/strategies/cross/halt',
      { flatten: true, atLastPrice: true, reason: 'ended' },
      'TradingHaltRequested',
      { scope: { strategy: 'cross' }, mode: 'reduce-only', cancelOpen: false, flatten: true, atLastPrice: true, reason: 'ended' },
    ],
    [
      '/v1/accounts/paper-1/resume',
      { reason: 'well' },
      'TradingResumeRequested',
      { scope: { account: 'paper-1' }, reason: 'well' },
    ],
    [
      '/v1/strategies/cross/halt',
      { reason: 'check' },
      'TradingHaltRequested',
      {
        scope: { strategy: 'cross' },
        mode: 'reduce-only',
        cancelOpen: false,
        flatten: false,
        atLastPrice: false,
        reason: 'check',
      },
    ],
    ['/v1/strategies/cross/resume', { reason: 'ok' }, 'TradingResumeRequested', { scope: { strategy: 'cross' }, reason: 'ok' }],
  ])('POST %s records a request', async (url, body, type, data) => {
    const api = await givenApi({ apiKeys: [{ name: 'alice', scope: 'trade', key: 'alice-secret-0123456789' }] });
    await recordSettings(api);
    const auth = { 'x-api-key': 'alice-secret-0123456789' };
    const answer = await api.post(url, body, auth);
    expect(answer.status).toBe(202);
    const event = await api.get(String(answer.headers.location), auth);
    expect(event.body).toMatchObject({ id: answer.body.requestId, position: answer.body.position, type, data });
    expect(event.body.metadata).toMatchObject({ actor: 'api:alice', occurredAt: '2025-01-02T03:04:05.678Z' });
  });

  it('is a request each time, and one for one key', async () => {
    const api = await givenApi();
    await recordSettings(api);
    const url = '/v1/accounts/paper-1/halt';
    const ids = [await api.post(url, HALT), await api.post(url, HALT)].map(({ body }) => body.requestId);
    expect(ids[0]).not.toBe(ids[1]);
    const key = { 'idempotency-key': 'halt-1' };
    const first = await api.post(url, HALT, key);
    expect((await api.post(url, HALT, key)).body).toEqual(first.body);
    const other = await api.post(url, { ...HALT, mode: 'reduce-only' }, key);
    expect(problemOf(other)).toEqual({ status: 422, kind: 'idempotency-conflict', paths: ['idempotency-key'] });
  });

  it('of a strategy that is retired can be lifted as long as it is halted, and nothing else', async () => {
    const api = await givenApi();
    await recordSettings(api);
    await recordHalt(api, { strategy: 'cross' });
    await api.record('StrategyRetired', SETTINGS_STREAM, { name: 'cross' });
    await api.record('SettingsApplied', SETTINGS_STREAM, { generation: 2, changes: 1, hash: 'c'.repeat(64) });
    const resume = () => api.post('/v1/strategies/cross/resume', { reason: 'is retired' });
    expect(problemOf(await api.post('/v1/strategies/cross/halt', HALT))).toMatchObject({ status: 404 });
    expect((await resume()).status).toBe(202);
    const lifted = { account: 'paper-1', scope: { strategy: 'cross' }, reason: 'is retired', requestId: idOf('resume') };
    await api.record('TradingResumed', accountStream('paper-1'), lifted);
    expect(problemOf(await resume())).toMatchObject({ status: 404 });
  });

  it('is refused for what is not there', async () => {
    const api = await givenApi();
    await recordSettings(api);
    expect(problemOf(await api.post('/v1/accounts/paper-9/halt', HALT))).toMatchObject({ status: 404 });
    expect(problemOf(await api.post('/v1/strategies/none/halt', { reason: 'x' }))).toMatchObject({ status: 404 });
    expect((await api.get('/v1/events?category=request')).body.data).toEqual([]);
  });

  it.each([
    ['no reason', { mode: 'stop' }, ['reason']],
    ['another mode', { mode: 'panic', reason: 'x' }, ['mode']],
    ['a field that is not known', { ...HALT, canceLOpen: true }, ['canceLOpen']],
    ['an empty reason', { mode: 'stop', reason: '' }, ['reason']],
    ['a last price and nothing to close', { ...HALT, atLastPrice: true }, ['atLastPrice']],
    ['a reason of blanks', { mode: 'stop', reason: ' \u00a0\u200b' }, ['reason']],
    ['a reason that commands a terminal', { mode: 'stop', reason: '\u001b]0;pwned\u0007x' }, ['reason']],
    ['a reason of two lines', { mode: 'stop', reason: 'x\r\ny' }, ['reason']],
    ['a reason with a control character of C1', { mode: 'stop', reason: 'x\u009b2J' }, ['reason']],
    ['a reason that turns the line', { mode: 'stop', reason: 'x\u202ey' }, ['reason']],
  ])('is refused with %s', async (_name, body, paths) => {
    const api = await givenApi();
    await recordSettings(api);
    expect(problemOf(await api.post('/v1/accounts/paper-1/halt', body))).toEqual({ status: 400, kind: 'invalid-request', paths });
  });

  it.each([
    '{"mode":"stop","reason":"x","mode":"reduce-only"}',
    '{"mode":"stop","reason":"x","\\u006dode":"reduce-only"}',
    '{"mode":"stop","reason":"a:\\"b:","reason":"c"}',
  ])('is refused when a member stands there twice: %s', async (body) => {
    const api = await givenApi();
    await recordSettings(api);
    const answer = await api.post('/v1/accounts/paper-1/halt', body);
    expect([answer.status, answer.body.detail]).toEqual([400, 'The body has a member twice in one object.']);
    const once = await api.post('/v1/accounts/paper-1/halt', '{"mode":"stop","reason":"a:\\"b:{\\\\"}');
    expect(once.status).toBe(202);
  });

  it('is refused when the body is not JSON, none, or far too large', async () => {
    const api = await givenApi();
    await recordSettings(api);
    const url = '/v1/accounts/paper-1/halt';
    expect(problemOf(await api.post(url, '{"mode":'))).toMatchObject({ status: 400, kind: 'invalid-request' });
    expect(problemOf(await api.post(url, ''))).toMatchObject({ status: 400, kind: 'invalid-request' });
    const large = { ...HALT, reason: 'x'.repeat(70_000) };
    expect(problemOf(await api.post(url, large))).toMatchObject({ status: 413, kind: 'body-too-large' });
    const notUtf8 = await api.server.inject({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json' },
      payload: Buffer.from([...Buffer.from('{"mode":"stop","reason":"'), 0xff, ...Buffer.from('"}')]),
    });
    expect([notUtf8.statusCode, notUtf8.json().detail]).toEqual([400, 'The body is not valid UTF-8.']);
    const form = await api.post(url, 'mode=stop', { 'content-type': 'text/plain' });
    expect(problemOf(form)).toMatchObject({ status: 415, kind: 'unsupported-media-type' });
  });
});
