import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../exchange-simulator/core/clock.ts';
import type { HttpRequest } from '../../../exchange-simulator/core/venue.ts';
import { isSignedBy, loginPayload, restPayload } from '../../../exchange-simulator/venues/okx/requests/signature.ts';
import { type Running, standardOkx } from '../../../exchange-simulator/venues/okx/standard.ts';
import { type CcxtCases, ccxtCases, clientLines, requestOfCase, requestOfLine } from '../client-requests.ts';
import { Client, SNAPSHOT } from '../given.ts';

/** A venue at a time of its own, whose first account has one more key. */
function venueAt(time: number, id: string, secret: string, passphrase: string): Running {
  const running = standardOkx(new VirtualClock(time), [SNAPSHOT], 1);
  running.stop();
  const [account] = running.exchange.accounts;
  if (account !== undefined) {
    running.exchange.addKey({ id, secret, passphrase, account, kind: 'hmac', permissions: new Set(['read', 'trade']) });
  }
  return running;
}

/** What an answer may not be to a request that a real client sends: its form is wrong, or it is not known. */
const FORM = ['404', '50002', '50014', '50102', '50103', '50105', '50111', '50113', '51000', '51001', '51407'];

/** The codes of an answer: its own, and those of its orders. */
async function codes({ venue }: Running, request: HttpRequest): Promise<string[]> {
  const answer = await venue.request(request);
  const { code, data } = JSON.parse(answer.body) as { code: string; data: { sCode?: string }[] };
  return [code, ...data.flatMap(({ sCode }) => (sCode === undefined ? [] : [sCode]))];
}

describe('requests that ccxt would send to OKX', () => {
  const { apiKey, secret, password, milliseconds, cases } = ccxtCases('okx.requests.json') as CcxtCases & { password: string };
  const requests = cases.flatMap(({ symbol, call, note, request }) => {
    if (request === undefined) return [];
    const asked = requestOfCase(request);
    return [{ name: `${symbol} ${call}: ${note} ${asked.query}`, asked }];
  });
  /** Not part of this venue: amending, and algo orders. */
  const answered = requests.filter(({ asked }) => !/amend-order|order-algo/.test(asked.path));

  it('are 77 of the 82 that it does not refuse itself', () => {
    expect([cases.length, requests.length, answered.length]).toEqual([87, 82, 77]);
  });

  it('have signatures that are those of their payloads', () => {
    const key = venueAt(milliseconds, apiKey, secret, password).exchange.keys.get(apiKey);
    const signed = requests.filter(({ asked }) => asked.headers['ok-access-sign'] !== undefined);
    expect(signed.length).toBeGreaterThan(40);
    for (const { asked } of signed) {
      const { method, path, query, headers, body } = asked;
      const target = query === '' ? path : `${path}?${query}`;
      const payload = restPayload(headers['ok-access-timestamp'] ?? '', method, target, body);
      const signature = headers['ok-access-sign'] ?? '';
      expect(key !== undefined && isSignedBy(key, payload, signature)).toBe(true);
      expect(key !== undefined && isSignedBy(key, `${payload} `, signature)).toBe(false);
      expect(key !== undefined && isSignedBy({ ...key, secret: `${secret}0` }, payload, signature)).toBe(false);
    }
  });

  it.each(answered)('are understood: $name', async ({ asked }) => {
    for (const code of await codes(venueAt(milliseconds, apiKey, secret, password), asked)) expect(FORM).not.toContain(code);
  });
});

describe.each(['ccxt-okx', 'sdk-tokx'])('frames that %s sent', (name) => {
  const lines = clientLines(`${name}.ndjson`);
  const requests = lines.filter(({ t }) => t === 'rest');
  const frames = lines.filter(({ t }) => t === 'ws-in').map((line) => ({ ...line, said: JSON.parse(line.msg) as Said }));
  interface Said {
    readonly id?: string;
    readonly op: string;
    readonly args: readonly Readonly<Record<string, string>>[];
  }

  it.each(requests.map((line) => [`${line.m} ${line.path}?${line.q}${line.body}`, line] as const))(
    'are understood: %s',
    async (_name, line) => {
      const time = line.hs['ok-access-timestamp'];
      const running = venueAt(
        time === undefined ? Date.UTC(2026, 10, 30) : Date.parse(time),
        'testkey',
        'testsecret',
        'testpass',
      );
      for (const code of await codes(running, requestOfLine(line))) expect(FORM).not.toContain(code);
    },
  );

  const login = frames.find(({ said }) => said.op === 'login');

  it('log in with the signature of their time', () => {
    const { timestamp = '', sign = '' } = login?.said.args[0] ?? {};
    const key = venueAt(Number(timestamp) * 1000, 'testkey', 'testsecret', 'testpass').exchange.keys.get('testkey');
    expect(key !== undefined && isSignedBy(key, loginPayload(timestamp), sign)).toBe(true);
    expect(key !== undefined && isSignedBy(key, loginPayload(`${timestamp}0`), sign)).toBe(false);
  });

  it.each(frames.map((line) => [line.msg, line] as const))('are answered: %s', async (_text, { url, msg, said }) => {
    const time = Number(login?.said.args[0]?.timestamp) * 1000;
    const { venue, exchange } = venueAt(time, 'testkey', 'testsecret', 'testpass');
    const client = new Client(venue, url);
    if (url.endsWith('private') && said.op !== 'login') client.say(login?.msg);
    client.frames.length = 0;
    client.say(msg);
    await (exchange.clock as VirtualClock).advance(1);
    const [answer] = client.frames;
    expect(answer?.id).toBe(said.id);
    expect(answer?.event ?? answer?.op).toBe(said.op);
    const outcomes = said.op.includes('order') ? ((answer?.data ?? []) as { sCode: string }[]).map(({ sCode }) => sCode) : [];
    // The stub told this client no code of the instrument: it could not know what OKX asks for by now.
    if (said.op === 'batch-orders') expect(outcomes).toEqual(['50014']);
    else for (const code of outcomes) expect(FORM).not.toContain(code);
  });
});
