import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../exchange-simulator/core/clock.ts';
import { type Running, standardBybit } from '../../../exchange-simulator/venues/bybit/standard.ts';
import { ccxtCases, clientLines, requestOfCase, requestOfLine } from '../client-requests.ts';
import { Client, SNAPSHOT } from '../given.ts';
import type { Answer } from './given.ts';

/** A venue at a time of its own, whose first account has one more key. */
function venueAt(time: number, id: string, secret: string): Running {
  const running = standardBybit(new VirtualClock(time), 1, SNAPSHOT);
  running.stop();
  const [account] = running.exchange.accounts;
  if (account !== undefined)
    running.exchange.addKey({ id, account, permissions: new Set(['read', 'trade']), kind: 'hmac', secret });
  return running;
}

/** What an answer may not be to a request that a real client sends: its form is wrong, its signature, or it is not known. */
const FORM = [10001, 10002, 10003, 10004, 10005, 10017];

describe('requests that ccxt would send', () => {
  const { apiKey, secret, milliseconds, cases } = ccxtCases('bybit.requests.json');
  /** Not part of this venue: amendments, and what belongs to positions. */
  const elsewhere = /order\/amend|set-leverage|set-margin-mode|switch-mode/;
  const sent = cases.filter(({ request }) => request !== undefined && !elsewhere.test(request.url));
  const isOrder = (url: string): boolean => /order\/(create|cancel)$/.test(url);

  it('are 75 of the 80', () =>
    expect([cases.filter(({ request }) => request !== undefined).length, sent.length]).toEqual([80, 75]));

  it.each(sent.map((one) => [`${one.call} ${one.symbol}: ${one.note}`, one] as const))(
    'are understood: %s',
    async (_name, one) => {
      const { request } = one;
      if (request === undefined) return;
      const answer = await venueAt(milliseconds, apiKey, secret).venue.request(requestOfCase(request));
      const { retCode, retMsg } = JSON.parse(answer.body) as Answer;
      if (isOrder(request.url) && one.symbol !== 'BTC/USDT') expect(retMsg).toContain('derivatives are market data');
      // ccxt sends `clientOrderId`, which Bybit does not know.
      else if (request.body?.includes('clientOrderId')) expect(retMsg).toContain('orderId/orderLinkId');
      else expect(FORM).not.toContain(retCode);
    },
  );

  it('with one letter of the signature changed are refused', async () => {
    const signed = sent.filter(({ request }) => request?.headers['X-BAPI-SIGN'] !== undefined);
    expect(signed).toHaveLength(50);
    for (const { request } of signed) {
      if (request === undefined) continue;
      const arrived = requestOfCase(request);
      const sign = arrived.headers['x-bapi-sign'] ?? '';
      const headers = { ...arrived.headers, 'x-bapi-sign': (sign.startsWith('0') ? '1' : '0') + sign.slice(1) };
      const answer = await venueAt(milliseconds, apiKey, secret).venue.request({ ...arrived, headers });
      expect((JSON.parse(answer.body) as Answer).retCode).toBe(10004);
    }
  });
});

describe.each(['ccxt-bybit', 'sdk-tbybit'])('frames that %s sent', (name) => {
  const lines = clientLines(`${name}.ndjson`);

  it.each(lines.filter(({ t }) => t === 'rest').map((line) => [`${line.m} ${line.path}?${line.q}${line.body}`, line] as const))(
    'are understood: %s',
    async (_text, line) => {
      const { venue } = venueAt(Number(line.hs['x-bapi-timestamp'] ?? 0), 'testkey', 'testsecret');
      const answer = await venue.request(requestOfLine(line));
      const { retCode, retMsg } = JSON.parse(answer.body) as Answer;
      if (line.body.includes('clientOrderId')) expect(retMsg).toContain('orderId/orderLinkId');
      else expect(FORM).not.toContain(retCode);
    },
  );

  it.each(['/v5/public/spot', '/v5/private', '/v5/trade'])('are answered over %s', async (url) => {
    const said = lines.filter((line) => line.t === 'ws-in' && line.url === url).map(({ msg }) => msg);
    if (said.length === 0) return;
    const times = said.flatMap((text) => /"auth","args":\["testkey","?(\d+)|TIMESTAMP":"(\d+)/.exec(text)?.slice(1) ?? []);
    // An `auth` expires some seconds after it was sent.
    const start = Math.min(...times.filter((time) => time !== undefined).map(Number)) - 5000;
    const { venue, exchange } = venueAt(Number.isFinite(start) ? start : 0, 'testkey', 'testsecret');
    const client = new Client(venue, url);
    for (const text of said) {
      const sentAt = Number(/TIMESTAMP":"(\d+)/.exec(text)?.[1] ?? 0);
      await (exchange.clock as VirtualClock).advance(Math.max(1, sentAt - exchange.now()));
      client.frames.length = 0;
      client.say(text);
      await (exchange.clock as VirtualClock).advance(1);
      const answer = client.frames[0] as { success?: boolean; retCode?: number; req_id?: unknown; reqId?: unknown };
      const { req_id, reqId } = JSON.parse(text) as { req_id?: unknown; reqId?: unknown };
      expect([answer.req_id, answer.reqId]).toEqual([req_id, reqId]);
      expect(answer.success ?? !FORM.includes(answer.retCode ?? 10001)).toBe(true);
    }
  });
});
