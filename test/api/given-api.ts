/** A server over stores in memory, with the real projections running behind it; requests go in without a network. */

import type { FastifyInstance } from 'fastify';
import { onTestFinished } from 'vitest';
import { openMemoryEventStore } from '../../src/adapters/memory/event-store.ts';
import { openMemoryReadStore } from '../../src/adapters/memory/read-store.ts';
import type { ApiDependencies, ServedProjection, Timeouts } from '../../src/api/dependencies.ts';
import { buildServer } from '../../src/api/server.ts';
import type { EventData, EventName, TapeEvent } from '../../src/domain/catalogue.ts';
import { accountStream, SETTINGS_STREAM } from '../../src/domain/streams.ts';
import { makeMetrics } from '../../src/metric-families.ts';
import type { Appended, EventStore } from '../../src/ports/event-store.ts';
import type { ReadStore } from '../../src/ports/read-store.ts';
import { PROJECTIONS } from '../../src/projections/projections.ts';
import { startProjection } from '../../src/runtime/projections/host.ts';
import { makeEvidence } from '../../src/tape/envelope.ts';
import { makeId } from '../../src/tape/id.ts';
import { BTCUSDT } from '../support/fixtures.ts';
import { type SetTime, timeAt } from '../support/test-time.ts';
import { Documented } from './openapi/documented.ts';

export const NOW = Date.UTC(2025, 0, 2, 3, 4, 5, 678);

export const TIMEOUTS: Timeouts = { positionMs: 50, orderMs: 2_000, requestMs: 30_000, closeMs: 5_000 };

export interface GivenApi {
  readonly server: FastifyInstance;
  readonly events: EventStore;
  readonly reads: ReadStore;
  readonly time: SetTime;
  /** Puts an event at the end of its stream, and waits until every read model has it. Returns its id. */
  record<N extends EventName>(type: N, stream: string, data: EventData[N], options?: RecordOptions): Promise<Recorded>;
  get(url: string, headers?: Record<string, string>): Promise<Answer>;
  post(url: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  delete(url: string, headers?: Record<string, string>): Promise<Answer>;
}

interface RecordOptions {
  readonly at?: string;
  readonly correlationId?: string;
}

interface Recorded {
  readonly id: string;
  readonly position: string;
}

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
  readonly headers: Readonly<Record<string, string | number | string[] | undefined>>;
}

/** `overrides` replaces what the server is given, such as its API keys. `isWhole`: of every read model. */
export async function givenApi(overrides: Partial<ApiDependencies> = {}, isWhole = true): Promise<GivenApi> {
  const time = timeAt(NOW);
  const events = openMemoryEventStore({ time, hasLock: true });
  const reads = openMemoryReadStore();
  const runners = await Promise.all(PROJECTIONS.map((projection) => startProjection(projection, events, reads, { time })));
  const projections = new Map<string, ServedProjection>();
  PROJECTIONS.forEach((projection, index) => {
    const runner = runners[index];
    if (runner === undefined) return;
    const progress = () => runner.progress();
    projections.set(projection.name, { isWhole, progress, waitFor: (position, ms) => runner.waitFor(position, ms) });
  });
  const healthy = () => [];
  const server = buildServer({
    events,
    reads,
    projections,
    time,
    codeVersion: 'test',
    apiKeys: [],
    metrics: makeMetrics(),
    health: { live: healthy, ready: healthy, started: healthy, report: () => null },
    timeouts: TIMEOUTS,
    ...overrides,
  });
  onTestFinished(async () => {
    await server.close();
    for (const runner of runners) await runner.close();
    await reads.close();
    await events.close();
  });

  let documented: Documented | undefined;
  let made = 0;
  const append = async (event: TapeEvent): Promise<Appended> => {
    const last = await events.read({ stream: event.stream, isBackward: true, limit: 1 });
    return events.append(event.stream, last[0]?.revision ?? 'no-stream', [event]);
  };
  const ask = async (method: 'GET' | 'POST' | 'DELETE', url: string, headers: Record<string, string> = {}, body?: unknown) => {
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    const answer = await server.inject({
      method,
      url,
      headers: { ...json, ...headers },
      ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const given = { status: answer.statusCode, body: answer.body === '' ? undefined : answer.json(), headers: answer.headers };
    // Every answer of every test is one that the OpenAPI document describes.
    documented ??= await Documented.of(server);
    const operation = documented.operation(method, url);
    const contentType = String(answer.headers['content-type']);
    const objection = operation && documented.objection(operation, { ...given, contentType });
    if (objection !== undefined) throw new Error(objection);
    return given;
  };
  return {
    server,
    events,
    reads,
    time,
    async record(type, stream, data, options = {}) {
      const origin = { occurredAt: options.at ?? '2025-01-01T00:00:00.000Z', actor: 'test', codeVersion: 'test' };
      const event = makeEvidence(type, stream, `event ${made++}`, data, origin);
      const correlationId = options.correlationId ?? event.id;
      const { position } = await append({ ...event, metadata: { ...event.metadata, correlationId } } as TapeEvent);
      await Promise.all(runners.map((runner) => runner.waitFor(position, 5_000)));
      return { id: event.id, position };
    },
    get: (url, headers) => ask('GET', url, headers),
    post: (url, body, headers) => ask('POST', url, headers, body),
    delete: (url, headers) => ask('DELETE', url, headers),
  };
}

export const ACCOUNT: EventData['AccountOpened'] = {
  id: 'paper-1',
  venue: 'paper',
  currency: 'USDT',
  balances: { USDT: '1000' },
  fees: { maker: '0.001', taker: '0.001', paidIn: 'quote' },
  slippage: '0',
  latency: '100ms',
};

export const STRATEGY: EventData['StrategyConfigured'] = {
  name: 'cross',
  kind: 'sma-crossover',
  venue: 'binance',
  symbol: 'BTCUSDT',
  interval: '1m',
  params: { fast: 1, slow: 2 },
  account: 'paper-1',
  mode: 'long-flat',
  size: { quantity: '0.01' },
  settingsHash: 'a'.repeat(64),
};

/** One instrument with its feed, one account and one strategy. */
export async function recordSettings(api: GivenApi): Promise<void> {
  await api.record('InstrumentListed', SETTINGS_STREAM, BTCUSDT);
  await api.record('FeedConfigured', SETTINGS_STREAM, {
    venue: 'binance',
    symbol: 'BTCUSDT',
    source: 'recording',
    recordings: [],
    bars: '1s',
    rollups: ['1m'],
    staleAfter: '500ms',
  });
  await api.record('AccountOpened', SETTINGS_STREAM, ACCOUNT);
  await api.record('RiskLimitsSet', SETTINGS_STREAM, { account: 'paper-1', limits: { marketHours: true } });
  await api.record('StrategyConfigured', SETTINGS_STREAM, STRATEGY);
  await api.record('SettingsApplied', SETTINGS_STREAM, { generation: 1, changes: 5, hash: 'b'.repeat(64) });
}

/** A halt as the engine records it. */
export async function recordHalt(api: GivenApi, scope: { account: string } | { strategy: string }) {
  const data = { account: 'paper-1', scope, mode: 'stop' as const, reason: 'drill', requestId: idOf('halt') };
  return api.record('TradingHalted', accountStream('paper-1'), data, { at: minuteTime(5) });
}

/** A signal of the strategy `strategy` in the n-th minute of 2025. */
export function signal(minute: number, strategy = 'cross'): EventData['SignalGenerated'] {
  return {
    strategy,
    venue: 'binance',
    symbol: 'BTCUSDT',
    interval: '1m',
    side: minute % 2 === 0 ? 'buy' : 'sell',
    barOpenTime: minuteTime(minute),
    barCloseTime: minuteTime(minute + 1),
    barSource: 'recording',
    reason: { fastSum: '1' },
    settingsHash: 'a'.repeat(64),
  };
}

export function minuteTime(minute: number): string {
  return new Date(Date.UTC(2025, 0, 1, 0, minute)).toISOString();
}

/** An id of an order or a request that a test makes up. */
export function idOf(name: string): string {
  return makeId(`test|${name}`);
}

/** The problem's document without what every one has, after a look at what every one has. */
export function problemOf(answer: Answer): { status: number; kind: string; paths: string[] } {
  const { type, title, status, detail, errors } = answer.body;
  if (!String(answer.headers['content-type']).startsWith('application/problem+json')) throw new Error('not a problem');
  if (status !== answer.status || typeof title !== 'string' || typeof detail !== 'string') throw new Error('not a problem');
  if (/ at .*:\d+:\d+/.test(JSON.stringify(answer.body))) throw new Error('a stack trace is shown');
  return {
    status,
    kind: type.replace('urn:tapedeck:problem:', ''),
    paths: errors.map(({ path }: { path: string }) => path),
  };
}
