import fc from 'fast-check';
import { expect, it } from 'vitest';
import { START } from '../../src/tape/envelope.ts';
import { counts } from '../support/scale.ts';
import { type FuzzedRequest, requests } from './fuzzed.ts';
import { type GivenApi, givenApi, idOf, minuteTime, recordSettings, signal, TIMEOUTS } from './given-api.ts';
import { approve, deny, fill } from './given-orders.ts';
import { Documented } from './openapi/documented.ts';

/** Sent at once, so that they meet each other. */
const AT_ONCE = 25;
const SEED = 20_241_108;

/** A request that takes longer hangs, and a run of all of them. */
const HANGS_MS = 20_000;
const ALL_MS = 180_000;

const KNOWN = {
  account: ['paper-1'],
  id: ['paper-1', ...['open', 'filled', 'denied'].map(idOf)],
  name: ['paper-1', 'cross'],
  strategy: ['cross', 'manual'],
  venue: ['binance'],
  symbol: ['BTCUSDT'],
  'min-position': ['0', '1', '5'],
  'Idempotency-Key': ['one', 'two', 'three'],
  quantity: ['0.1', '0.2'],
  price: ['50000'],
};

/** A tape with something of everything, and the id of one of its events. */
async function givenTape(): Promise<{ api: GivenApi; event: string }> {
  const api = await givenApi({ timeouts: { ...TIMEOUTS, positionMs: 1, orderMs: 1 } });
  await recordSettings(api);
  await approve(api, idOf('open'));
  await approve(api, idOf('filled'), 1);
  await fill(api, idOf('filled'), '0.2', 2);
  const { id: event } = await deny(api, idOf('denied'), 3);
  for (let minute = 0; minute < 3; minute++) await api.record('SignalGenerated', 'signals-cross', signal(minute));
  const sample = { venue: 'binance', symbol: 'BTCUSDT', eventTime: minuteTime(1), updateId: 1, bids: [], asks: [] };
  await api.record('DepthSampled', 'depth-binance.BTCUSDT.2025-01-01', sample);
  return { api, event };
}

it(
  `${counts.fuzzed} requests made from the OpenAPI document get answers that it has, and record only what was accepted`,
  async () => {
    const { api, event } = await givenTape();
    const documented = await Documented.of(api.server);
    const before = await api.events.head();
    const accepted = new Set<string>();
    const statuses = new Map<string, Set<number>>();
    let sent = 0;

    const send = async ({ method, url, headers, payload }: FuzzedRequest): Promise<void> => {
      sent++;
      const answer = await soon(
        api.server.inject({ method: method as 'GET', url, headers, ...(payload === undefined ? {} : { payload }) }),
      );
      const { statusCode: status, body } = answer;
      const contentType = String(answer.headers['content-type']);
      const operation = method === 'HEAD' ? undefined : documented.operation(method, url);
      const parsed = body === '' || !contentType.includes('json') ? undefined : JSON.parse(body);
      const name = operation?.operationId ?? 'none';
      statuses.set(name, (statuses.get(name) ?? new Set()).add(status));
      if (operation === undefined) expect(status).toBeLessThan(500);
      else
        expect(
          documented.objection(operation, { status, contentType, body: parsed ?? (body === '' ? undefined : body) }),
        ).toBeUndefined();
      expect(status).not.toBe(500);
      if ((method === 'POST' || method === 'DELETE') && status < 300) accepted.add(parsed.requestId);
    };
    const idsAt = (path: string) => ({
      ...(path.startsWith('/v1/read-models/') ? { name: ['strategies', 'orders'] } : {}),
      id: path.startsWith('/v1/accounts/') ? ['paper-1'] : [path.startsWith('/v1/events/') ? event : idOf('open')],
    });
    const request = requests(documented.document, { ...KNOWN, id: [...KNOWN.id, event] }, idsAt);
    const batches = fc.array(request, { minLength: AT_ONCE, maxLength: AT_ONCE });
    await fc.assert(
      fc.asyncProperty(batches, async (batch) => {
        await Promise.all(batch.map(send));
      }),
      { seed: SEED, numRuns: counts.fuzzed / AT_ONCE },
    );
    expect(sent).toBe(counts.fuzzed);

    // Each operation was asked well and badly.
    for (const [path, operations] of Object.entries(documented.document.paths)) {
      for (const { operationId, parameters = [], requestBody } of Object.values(operations)) {
        const seen = [...(statuses.get(operationId) ?? [])];
        expect(
          seen.filter((status) => status < 300),
          `${operationId} ${path}`,
        ).not.toEqual([]);
        if (parameters.length > 1 || requestBody !== undefined) expect(seen, operationId).toContain(400);
      }
    }

    // The tape has what was accepted, and nothing else.
    const recorded = await api.events.read({ after: before === START ? START : before, limit: counts.fuzzed });
    expect(new Set(recorded.map(({ id }) => id))).toEqual(accepted);
    expect(recorded.length).toBe(accepted.size);
    expect(accepted.size).toBeGreaterThan(counts.fuzzed / 100);
    for (const { type, metadata } of recorded) {
      expect(type).toMatch(/^(Order|OrderCancel|TradingHalt|TradingResume)Requested$/);
      expect(metadata.actor).toBe('api:local');
    }
  },
  ALL_MS,
);

async function soon<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the request hangs')), HANGS_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
