import { createPrivateKey, sign } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ApiKey } from '../../exchange-simulator/accounts/api-key.ts';
import { VirtualClock } from '../../exchange-simulator/core/clock.ts';
import { isSignedBy, socketPayload } from '../../exchange-simulator/venues/binance-spot/requests/signature.ts';
import { type Running, standardBinanceSpot } from '../../exchange-simulator/venues/binance-spot/standard.ts';
import { ccxtCases, clientLines, requestOfCase, requestOfLine, venueData } from './client-requests.ts';
import { bodyOf, Client, Given, SNAPSHOT } from './given.ts';

const hmac = (secret: string): ApiKey => ({
  id: 'k',
  account: new Given().account,
  permissions: new Set(),
  kind: 'hmac',
  secret,
});

describe('signatures that Binance prints', () => {
  const { secretKey, vectors } = JSON.parse(venueData('binance_signature_vectors.json')) as {
    secretKey: string;
    vectors: { payload: string; signature: string }[];
  };

  it.each(vectors)('are accepted, in any case of letters: $payload', ({ payload, signature }) => {
    expect(isSignedBy(hmac(secretKey), payload, signature)).toBe(true);
    expect(isSignedBy(hmac(secretKey), payload, signature.toUpperCase())).toBe(true);
    expect(isSignedBy(hmac(secretKey), `${payload}0`, signature)).toBe(false);
    expect(isSignedBy(hmac(`${secretKey}0`), payload, signature)).toBe(false);
  });

  it('are over parameters sorted by name on the WebSocket API', () => {
    expect(socketPayload(new Map(Object.entries({ timestamp: '1', signature: 'x', apiKey: 'k', side: 'BUY' })))).toBe(
      'apiKey=k&side=BUY&timestamp=1',
    );
  });
});

/** A venue at a time of its own, whose first account has one more key. */
function venueAt(time: number, apiKey: string, secret: string): Running {
  const running = standardBinanceSpot(new VirtualClock(time), [SNAPSHOT], 1);
  running.stop();
  const [account] = running.exchange.accounts;
  if (account !== undefined)
    running.exchange.addKey({ ...hmac(secret), id: apiKey, account, permissions: new Set(['read', 'trade']) });
  return running;
}

/** What an answer may not be to a request that a real client sends: its form is wrong, or it is not known. */
const FORM = [-1000, -1020, -1021, -1022, -1100, -1101, -1102, -1105, -1106, -1116, -1117, -2014, -2015];

describe('requests that ccxt would send', () => {
  const { apiKey, secret, milliseconds, cases } = ccxtCases('binance.requests.json');
  /** Not part of this venue: conversions, wallet and statistics. */
  const elsewhere = /\/sapi\/|ticker\/24hr|cancelReplace/;
  const sent = cases.filter(({ request }) => request !== undefined && !elsewhere.test(request.url));

  it('are 35 of the 39', () => expect([cases.length, sent.length]).toEqual([39, 35]));

  it.each(sent.map((one) => [`${one.call}: ${one.note}`, one.request] as const))('are understood: %s', async (_name, request) => {
    if (request === undefined) return;
    const running = venueAt(milliseconds, apiKey, secret);
    const answer = await running.venue.request(requestOfCase(request));
    expect(FORM).not.toContain(bodyOf(answer).code);
  });
});

describe.each(['ccxt-binance', 'sdk-bspot', 'sdk-tbin'])('frames that %s sent', (name) => {
  const lines = clientLines(`${name}.ndjson`);
  const requests = lines.filter(({ t, path }) => t === 'rest' && !path.startsWith('/sapi/'));
  const frames = lines.filter(({ t }) => t === 'ws-in');

  it.each(requests.map((line) => [`${line.m} ${line.path}?${line.q}${line.body}`, line] as const))(
    'are understood: %s',
    async (text, line) => {
      const time = Number(/timestamp=(\d+)/.exec(text)?.[1] ?? 0);
      const { venue } = venueAt(time, 'testkey', 'testsecret');
      const answer = await venue.request(requestOfLine(line));
      expect(FORM).not.toContain(bodyOf(answer).code);
    },
  );

  it.each(frames.map((line) => [line.msg, line] as const))('are answered: %s', async (text, line) => {
    const { venue, exchange } = venueAt(Number(/"timestamp":(\d+)/.exec(text)?.[1] ?? 0), 'testkey', 'testsecret');
    const client = new Client(venue, line.url);
    client.say(text);
    await (exchange.clock as VirtualClock).advance(1);
    const [answer] = client.frames as { id?: unknown; error?: { code: number }; code?: number }[];
    expect(answer?.id).toBe((JSON.parse(text) as { id: unknown }).id);
    expect(answer?.code).toBeUndefined();
    expect(FORM).not.toContain(answer?.error?.code);
  });
});

describe('a request', () => {
  let given: Given;
  beforeEach(() => {
    given = new Given();
  });

  const code = async (
    answer: Promise<{ body: string; status: number; headers: Readonly<Record<string, string>> }>,
  ): Promise<unknown[]> => {
    const { body, status } = await answer;
    return [status, (JSON.parse(body) as { code?: number }).code];
  };

  it('counts from a second ahead of the venue to its window behind it', async () => {
    const at = (offset: number, recvWindow?: string) =>
      code(
        given.signed('GET', '/api/v3/account', {
          timestamp: String(given.clock.now() + offset),
          ...(recvWindow === undefined ? {} : { recvWindow }),
        }),
      );
    expect(await at(999)).toEqual([200, undefined]);
    expect(await at(1000)).toEqual([400, -1021]);
    expect(await at(-5000)).toEqual([200, undefined]);
    expect(await at(-5001)).toEqual([400, -1021]);
    expect(await at(-60_000, '60000')).toEqual([200, undefined]);
    expect(await at(0, '60001')).toEqual([400, -1131]);
  });

  it('needs a known key, its signature, and its permission', async () => {
    expect(await code(given.signed('GET', '/api/v3/account', {}, 'nobody'))).toEqual([401, -2015]);
    expect(await code(given.signed('GET', '/api/v3/account', {}, 'a b'))).toEqual([401, -2014]);
    expect(await code(given.get('/api/v3/account', `timestamp=${given.clock.now()}`))).toEqual([401, -2014]);
    const order = { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.1' };
    expect(await code(given.signed('POST', '/api/v3/order', order, 'simulator-read'))).toEqual([401, -2015]);
    expect(await code(given.signed('POST', '/api/v3/order', { ...order, signature: 'x' }))).toEqual([400, -1101]);
    given.running.exchange.revokeKey('simulator-key');
    expect(await code(given.signed('GET', '/api/v3/account', {}))).toEqual([401, -2015]);
  });

  it('with a wrong signature is refused, and one by Ed25519 over what is not ASCII is accepted', async () => {
    const send = (query: string, key: string) =>
      given.running.venue.request({
        method: 'GET',
        path: '/api/v3/openOrders',
        query,
        headers: { 'x-mbx-apikey': key },
        body: '',
        address: 'a',
      });
    const payload = `timestamp=${given.clock.now()}`;
    expect(await code(send(`${payload}&signature=${'0'.repeat(64)}`, 'simulator-key'))).toEqual([400, -1022]);
    expect(await code(send(payload, 'simulator-key'))).toEqual([400, -1102]);
    // RFC 8032, 7.1, test 1.
    const seed = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
    const key = createPrivateKey({
      key: Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex'),
      format: 'der',
      type: 'pkcs8',
    });
    const signature = (text: string) => encodeURIComponent(sign(null, Buffer.from(text), key).toString('base64'));
    const encoded = `symbol=${encodeURIComponent('这是测试币456')}&${payload}`;
    expect(await code(send(`${encoded}&signature=${signature(encoded)}`, 'simulator-ed25519'))).toEqual([400, -1121]);
    const raw = `symbol=这是测试币456&${payload}`;
    expect(await code(send(`${encoded}&signature=${signature(raw)}`, 'simulator-ed25519'))).toEqual([400, -1022]);
  });

  it.each([
    ['off the tick', { price: '100.001', quantity: '1' }, -1013, 'PRICE_FILTER'],
    ['off the lot', { price: '100', quantity: '0.100001' }, -1013, 'LOT_SIZE'],
    ['below the least notional', { price: '100', quantity: '0.04' }, -1013, 'NOTIONAL'],
    ['too far from the reference price', { price: '19', quantity: '1' }, -1013, 'PERCENT_PRICE_BY_SIDE'],
    ['with nine decimals', { price: '100', quantity: '0.100000001' }, -1111, 'quantity'],
    ['with an exponent', { price: '1e2', quantity: '1' }, -1100, 'price'],
    ['for more than there is', { price: '100', quantity: '1001' }, -2010, 'insufficient balance'],
  ])('for an order %s is refused', async (_what, parameters, expected, text) => {
    given.trade('100', '1', true);
    const answer = bodyOf(await given.limit('BUY', parameters.price, parameters.quantity));
    expect(answer).toMatchObject({ code: expected });
    expect(answer.msg).toContain(text);
  });

  it('with a client id of an open order is refused; of a filled one it is accepted, and so trades twice', async () => {
    await given.limit('BUY', '90', '1', { newClientOrderId: 'one' });
    expect(await code(given.limit('BUY', '90', '1', { newClientOrderId: 'one' }))).toEqual([400, -2010]);
    const { submissions } = given.running.exchange;
    expect(submissions.count('duplicate')).toBe(1);
    given.trade('89', '1', true);
    expect(await code(given.limit('BUY', '90', '1', { newClientOrderId: 'one' }))).toEqual([200, undefined]);
    expect(submissions.acceptedTwice()).toEqual(['one']);
  });

  it('that is too much is answered 429 until the minute ends, and a client that goes on is banned', async () => {
    for (let count = 0; count < 24; count += 1)
      expect(await code(given.get('/api/v3/depth', 'symbol=BTCUSDT&limit=5000'))).toEqual([200, undefined]);
    const refused = await given.get('/api/v3/depth', 'symbol=BTCUSDT&limit=5000');
    expect([refused.status, bodyOf(refused).code, refused.headers['retry-after']]).toEqual([429, -1003, '60']);
    await given.clock.advance(60_000);
    expect(await code(given.get('/api/v3/time'))).toEqual([200, undefined]);
    for (let count = 0; count < 40; count += 1) await given.get('/api/v3/depth', 'symbol=BTCUSDT&limit=5000');
    const banned = await given.get('/api/v3/time');
    expect([banned.status, bodyOf(banned).code, banned.headers['retry-after']]).toEqual([418, -1003, '120']);
    await given.clock.advance(120_000);
    expect(await code(given.get('/api/v3/time'))).toEqual([200, undefined]);
  });

  it('for an order costs weight only where it fails, and unfilled orders are counted', async () => {
    const weight = async () => Number((await given.get('/api/v3/time')).headers['x-mbx-used-weight-1m']);
    const before = await weight();
    await given.limit('BUY', '90', '1');
    expect(await weight()).toBe(before + 1);
    await given.limit('BUY', '90', '0.00001');
    expect(await weight()).toBe(before + 3);
    const counted = async () => (await given.limit('BUY', '90', '0.1')).headers['x-mbx-order-count-10s'];
    expect(await counted()).toBe('2');
    await given.place({ side: 'BUY', type: 'MARKET', quantity: '0.1' });
    expect(await counted()).toBe('3');
    for (let count = 3; count < 100; count += 1) await given.limit('BUY', '90', '0.1');
    const refused = await given.limit('BUY', '90', '0.1');
    expect([refused.status, bodyOf(refused).code]).toEqual([429, -1015]);
  });
});
