import { describe, expect, it, vi } from 'vitest';
import { requestStream, SETTINGS_STREAM } from '../../../src/domain/streams.ts';
import { StoreError, StoreUnavailableError } from '../../../src/ports/errors.ts';
import { orderIdOf } from '../../../src/requests/requests.ts';
import { makeId } from '../../../src/tape/id.ts';
import { alteredEvents } from '../../support/altered-stores.ts';
import { ACCOUNT, type GivenApi, givenApi, idOf, minuteTime, problemOf, recordSettings, TIMEOUTS } from '../given-api.ts';
import { approve, deny, fill } from '../given-orders.ts';

const idsOf = (body: { data: { id: string }[] }) => body.data.map(({ id }) => id);

describe('GET /v1/orders', () => {
  it('lists orders without their histories, newest first by when they began', async () => {
    const api = await givenApi();
    await approve(api, idOf('a'), 0);
    await approve(api, idOf('b'), 1);
    await fill(api, idOf('a'), '0.2', 9);
    const { body } = await api.get('/v1/orders');
    expect(idsOf(body)).toEqual([idOf('b'), idOf('a')]);
    expect(body.data[1]).toMatchObject({ status: 'filled', quantity: '0.2', createdAt: minuteTime(0), updatedAt: minuteTime(9) });
    expect(body.data[1]).not.toHaveProperty('history');
  });

  it('selects by status, strategy, account, instrument and time', async () => {
    const api = await givenApi();
    await approve(api, idOf('open'), 0);
    await deny(api, idOf('denied'), 1);
    await approve(api, idOf('done'), 2);
    await fill(api, idOf('done'), '0.2', 2);
    await approve(api, idOf('other'), 3, { account: 'paper-2', strategy: 'manual', venue: 'coinbase', symbol: 'BTC-USD' });
    const found = async (query: string) => idsOf((await api.get(`/v1/orders?order=asc&${query}`)).body);
    expect(await found('status=filled')).toEqual([idOf('done')]);
    expect(await found('status=denied,filled')).toEqual([idOf('denied'), idOf('done')]);
    expect(await found('strategy=manual')).toEqual([idOf('other')]);
    expect(await found('account=paper-1&status=approved')).toEqual([idOf('open')]);
    expect(await found('venue=coinbase&symbol=BTC-USD')).toEqual([idOf('other')]);
    expect(await found(`from=${minuteTime(1)}&to=${minuteTime(3)}`)).toEqual([idOf('denied'), idOf('done')]);
    expect(problemOf(await api.get('/v1/orders?status=sleeping'))).toMatchObject({ status: 400, paths: ['status.0'] });
  });

  it('pages through while orders are added and filled', async () => {
    const api = await givenApi();
    for (let n = 0; n < 5; n++) await approve(api, idOf(`${n}`), n);
    const first = await api.get('/v1/orders?limit=3');
    await approve(api, idOf('new'), 9);
    await fill(api, idOf('0'), '0.2', 10);
    const second = await api.get(`/v1/orders?limit=3&cursor=${first.body.next}`);
    expect([...idsOf(first.body), ...idsOf(second.body)]).toEqual(['4', '3', '2', '1', '0'].map(idOf));
  });
});

describe('GET /v1/orders/{id}', () => {
  it('shows the order with the whole way that it came', async () => {
    const api = await givenApi();
    const id = idOf('a');
    const approved = await approve(api, id);
    const first = await fill(api, id, '0.1', 1);
    const { body, headers } = await api.get(`/v1/orders/${id}`);
    expect(headers['tapedeck-position']).toBe(first.position);
    expect(body).toMatchObject({ id, status: 'partially-filled', cumulativeQuantity: '0.1', averagePrice: '49999' });
    expect(body.history).toMatchObject([
      { id: approved.id, type: 'OrderApproved', position: approved.position, occurredAt: minuteTime(0) },
      { id: first.id, type: 'OrderFilled', data: { fee: '4.9999', feeAsset: 'USDT' } },
    ]);
  });

  it('says that there is none', async () => {
    const api = await givenApi();
    expect(problemOf(await api.get(`/v1/orders/${idOf('x')}`))).toMatchObject({ status: 404 });
    expect(problemOf(await api.get('/v1/orders/x'))).toMatchObject({ status: 400, paths: ['id'] });
  });
});

describe('GET /v1/fills', () => {
  it('lists executions, and selects them as orders', async () => {
    const api = await givenApi();
    await approve(api, idOf('a'));
    const first = await fill(api, idOf('a'), '0.1', 1);
    const second = await fill(api, idOf('a'), '0.2', 2);
    const { body } = await api.get('/v1/fills');
    expect(idsOf(body)).toEqual([second.id, first.id]);
    expect(body.data[0]).toMatchObject({ orderId: idOf('a'), price: '49999', quantity: '0.1', fee: '4.9999', at: minuteTime(2) });
    expect(idsOf((await api.get(`/v1/fills?strategy=cross&to=${minuteTime(2)}`)).body)).toEqual([first.id]);
    expect((await api.get(`/v1/fills?orderId=${idOf('b')}`)).body.data).toEqual([]);
    expect((await api.get(`/v1/fills?orderId=${idOf('a')}`)).body.data).toHaveLength(2);
  });
});

const ORDER = {
  account: 'paper-1',
  venue: 'binance',
  symbol: 'BTCUSDT',
  side: 'buy',
  type: 'limit',
  quantity: '0.2',
  price: '50000',
};
const KEY = { 'idempotency-key': 'key-1' };
const REQUEST = makeId('OrderRequested|paper-1|key-1');

async function apiWithSettings(overrides: Parameters<typeof givenApi>[0] = {}): Promise<GivenApi> {
  const api = await givenApi(overrides);
  await recordSettings(api);
  return api;
}

/** Waits until the request that the client just sent is on the tape. */
async function recorded(api: GivenApi): Promise<void> {
  while ((await api.events.read({ stream: requestStream(REQUEST), limit: 1 })).length === 0) await new Promise(setImmediate);
}

describe('POST /v1/orders', () => {
  it('records what was asked for, and says where the order will be', async () => {
    const api = await apiWithSettings();
    const answer = await api.post('/v1/orders', ORDER, KEY);
    const id = orderIdOf(REQUEST);
    expect(answer).toMatchObject({ status: 202, body: { id, requestId: REQUEST } });
    expect(answer.headers.location).toBe(`/v1/orders/${id}`);
    const event = await api.get(`/v1/events/${REQUEST}`);
    expect(event.body).toMatchObject({
      position: answer.body.position,
      type: 'OrderRequested',
      data: { ...ORDER, timeInForce: 'GTC', reason: null },
      metadata: { actor: 'api:local', codeVersion: 'test', occurredAt: '2025-01-02T03:04:05.678Z' },
    });
  });

  it('takes a market order, which never rests', async () => {
    const api = await apiWithSettings();
    const { body } = await api.post('/v1/orders', { ...ORDER, type: 'market', price: null, reason: 'a test' }, KEY);
    const event = await api.get(`/v1/events/${body.requestId}`);
    expect(event.body.data).toMatchObject({ type: 'market', price: null, timeInForce: 'IOC', reason: 'a test' });
  });

  it('gives the same answer for the same key and body, at any time', async () => {
    const api = await apiWithSettings();
    const first = await api.post('/v1/orders', ORDER, KEY);
    api.time.ms += 3_600_000;
    const again = await api.post('/v1/orders', { ...ORDER, quantity: '0.20', timeInForce: 'GTC' }, KEY);
    expect(again).toMatchObject({ status: 202, body: first.body });
    expect((await api.get('/v1/events?category=request')).body.data).toHaveLength(1);
    expect((await api.post('/v1/orders', ORDER, { 'idempotency-key': 'key-2' })).body.id).not.toBe(first.body.id);
  });

  it('refuses the same key with another body', async () => {
    const api = await apiWithSettings();
    await api.post('/v1/orders', ORDER, KEY);
    const other = await api.post('/v1/orders', { ...ORDER, quantity: '0.3' }, KEY);
    expect(problemOf(other)).toEqual({ status: 422, kind: 'idempotency-conflict', paths: ['idempotency-key'] });
    expect((await api.get('/v1/events?category=request')).body.data).toHaveLength(1);
  });

  it.each([
    ['a quantity that is a number', { quantity: 0.2 }, ['quantity']],
    ['a negative quantity', { quantity: '-1' }, ['quantity']],
    ['a quantity of nothing', { quantity: '0.0' }, ['quantity']],
    ['a quantity with an exponent', { quantity: '1e3' }, ['quantity']],
    ['a limit without a price', { price: null }, ['price']],
    ['a market order with a price', { type: 'market' }, ['price']],
    ['another side', { side: 'hold' }, ['side']],
    ['a field that is not known', { leverage: '5' }, ['leverage']],
    ['several of these', { side: 'hold', quantity: 'x' }, ['quantity', 'side']],
  ])('refuses %s, and records nothing', async (_name, change, paths) => {
    const api = await apiWithSettings();
    const problem = problemOf(await api.post('/v1/orders', { ...ORDER, ...change }, KEY));
    expect({ ...problem, paths: problem.paths.sort() }).toEqual({ status: 400, kind: 'invalid-request', paths });
    expect((await api.get('/v1/events?category=request')).body.data).toEqual([]);
  });

  it('refuses to go without a key', async () => {
    const api = await apiWithSettings();
    const refused = await api.post('/v1/orders', ORDER);
    expect(problemOf(refused)).toMatchObject({ status: 400, paths: ['idempotency-key'] });
    expect(refused.body.detail).toBe('The headers are not valid: idempotency-key: is missing.');
  });

  it('refuses an account and an instrument that are not there', async () => {
    const api = await apiWithSettings();
    const answer = await api.post('/v1/orders', { ...ORDER, account: 'nobody', symbol: 'ETHUSDT' }, KEY);
    expect(problemOf(answer)).toEqual({ status: 422, kind: 'unknown-name', paths: ['account', 'symbol'] });
  });

  it('knows an account from the moment that its settings are in force', async () => {
    const api = await apiWithSettings();
    const order = { ...ORDER, account: 'paper-2' };
    expect((await api.post('/v1/orders', order, KEY)).status).toBe(422);
    await api.record('AccountOpened', SETTINGS_STREAM, { ...ACCOUNT, id: 'paper-2' });
    await api.record('SettingsApplied', SETTINGS_STREAM, { generation: 2, changes: 1, hash: 'c'.repeat(64) });
    expect((await api.post('/v1/orders', order, KEY)).status).toBe(202);
  });

  it('says so when nobody knows whether it was recorded', async () => {
    const other = await apiWithSettings();
    const append = () => Promise.reject(new Error('connection lost'));
    const events = alteredEvents(other.events, { append });
    const api = await givenApi({ events });
    expect(problemOf(await api.post('/v1/orders', ORDER, KEY))).toMatchObject({ status: 503, kind: 'outcome-unknown' });
    const full = alteredEvents(events, { append: () => Promise.reject(new StoreError('the disk is full')) });
    const second = await givenApi({ events: full });
    expect(problemOf(await second.post('/v1/orders', ORDER, KEY))).toMatchObject({ status: 503, kind: 'store-unavailable' });
  });
});

describe('POST /v1/orders?wait=', () => {
  const id = orderIdOf(REQUEST);

  it('decided answers with the order as soon as it is approved', async () => {
    const api = await apiWithSettings();
    const waiting = api.post('/v1/orders?wait=decided', ORDER, KEY);
    await recorded(api);
    await approve(api, id);
    expect(await waiting).toMatchObject({
      status: 200,
      body: { id, status: 'approved' },
      headers: { location: `/v1/orders/${id}` },
    });
  });

  it('closed waits on for the end, and a denial is one', async () => {
    const api = await apiWithSettings();
    const waiting = api.post('/v1/orders?wait=closed', ORDER, KEY);
    await recorded(api);
    await approve(api, id);
    await approve(api, idOf('of somebody else'));
    await fill(api, id, '0.1');
    await fill(api, id, '0.2');
    const { body, status } = await waiting;
    expect({ status, order: body.status, steps: body.history.length }).toEqual({ status: 200, order: 'filled', steps: 3 });

    const other = await apiWithSettings();
    const denied = other.post('/v1/orders?wait=closed', ORDER, KEY);
    await recorded(other);
    await deny(other, id);
    expect((await denied).body).toMatchObject({ status: 'denied', reason: 'leverage', value: '1.5', bound: '1' });
  });

  it('answers at once for an order that is decided already', async () => {
    const api = await apiWithSettings({ timeouts: { ...TIMEOUTS, positionMs: 50, orderMs: 60_000 } });
    await api.post('/v1/orders', ORDER, KEY);
    await deny(api, id);
    expect((await api.post('/v1/orders?wait=closed', ORDER, KEY)).status).toBe(200);
  });

  it('answers 202 when it takes too long', async () => {
    const api = await apiWithSettings({ timeouts: { ...TIMEOUTS, positionMs: 50, orderMs: 50 } });
    const decided = await api.post('/v1/orders?wait=decided', ORDER, KEY);
    expect(decided).toMatchObject({ status: 202, body: { id, requestId: REQUEST } });
    await approve(api, id);
    expect((await api.post('/v1/orders?wait=closed', ORDER, KEY)).status).toBe(202);
    expect(problemOf(await api.post('/v1/orders?wait=forever', ORDER, KEY))).toMatchObject({ status: 400, paths: ['wait'] });
  });

  it('answers 202 in time while the read model moves on for other orders', async () => {
    const api = await apiWithSettings({ timeouts: { ...TIMEOUTS, orderMs: 200 } });
    let isAnswered = false;
    const waiting = api.post('/v1/orders?wait=decided', ORDER, KEY).finally(() => {
      isAnswered = true;
    });
    let others = 0;
    while (!isAnswered && others < 10_000) await approve(api, idOf(`other ${others++}`));
    expect((await waiting).status).toBe(202);
    expect(others).toBeLessThan(10_000);
  });

  it('misses nothing that is decided while it reads the order', async () => {
    const api = await apiWithSettings();
    const load = api.reads.load.bind(api.reads);
    let loads = 0;
    vi.spyOn(api.reads, 'load').mockImplementation(async (collection, keys) => {
      const found = await load(collection, keys);
      // The second is within the wait: what it has found is out of date when it is handed out.
      if (collection.startsWith('orders@') && ++loads === 2) await approve(api, id);
      return found;
    });
    expect((await api.post('/v1/orders?wait=decided', ORDER, KEY)).status).toBe(200);
  });

  it('answers 202 when the order cannot be read: the request is recorded all the same', async () => {
    const api = await apiWithSettings();
    const load = api.reads.load.bind(api.reads);
    vi.spyOn(api.reads, 'load').mockImplementation(async (collection, keys) => {
      if (collection.startsWith('orders@')) throw new StoreUnavailableError('read store', 'the read store is away');
      return load(collection, keys);
    });
    expect(await api.post('/v1/orders?wait=decided', ORDER, KEY)).toMatchObject({
      status: 202,
      body: { id, requestId: REQUEST },
    });
    expect((await api.get('/v1/events?category=request')).body.data).toMatchObject([{ id: REQUEST }]);
  });
});

describe('a server that closes', () => {
  it('does not wait for orders any more', async () => {
    const api = await apiWithSettings({ timeouts: { ...TIMEOUTS, positionMs: 50, orderMs: 600_000 } });
    const waiting = api.post('/v1/orders?wait=closed', ORDER, KEY);
    await recorded(api);
    await new Promise(setImmediate);
    await api.server.close();
    expect((await waiting).status).toBe(202);
  });
});

describe('DELETE /v1/orders/{id}', () => {
  it('asks to cancel, once however often it is sent', async () => {
    const api = await givenApi();
    await approve(api, idOf('a'));
    const first = await api.delete(`/v1/orders/${idOf('a')}`);
    expect(first).toMatchObject({ status: 202, headers: { location: `/v1/orders/${idOf('a')}` }, body: { id: idOf('a') } });
    expect((await api.delete(`/v1/orders/${idOf('a')}`)).body).toEqual(first.body);
    const requests = await api.get('/v1/events?category=request');
    expect(requests.body.data).toMatchObject([
      { id: first.body.requestId, type: 'OrderCancelRequested', data: { orderId: idOf('a'), account: 'paper-1', reason: null } },
    ]);
  });

  it('asks again under another key or for another reason', async () => {
    const api = await givenApi();
    await approve(api, idOf('a'));
    const url = `/v1/orders/${idOf('a')}`;
    const answers = [
      await api.delete(url),
      await api.delete(`${url}?reason=changed+my+mind`),
      await api.delete(url, { 'idempotency-key': 'x' }),
    ];
    expect(new Set(answers.map(({ body }) => body.requestId)).size).toBe(3);
  });

  it('refuses for an order that is closed, and for one that is not there', async () => {
    const api = await givenApi();
    await deny(api, idOf('a'));
    await approve(api, idOf('b'));
    await fill(api, idOf('b'), '0.2');
    expect(problemOf(await api.delete(`/v1/orders/${idOf('a')}`))).toMatchObject({ status: 409, kind: 'order-closed' });
    expect(problemOf(await api.delete(`/v1/orders/${idOf('b')}`))).toMatchObject({ status: 409, kind: 'order-closed' });
    expect(problemOf(await api.delete(`/v1/orders/${idOf('x')}`))).toMatchObject({ status: 404 });
    expect((await api.get('/v1/events?category=request')).body.data).toEqual([]);
  });
});
