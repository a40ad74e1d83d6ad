/**
 * A made-up tape that touches every kind of evidence: the shipped settings with short moving averages, candles and a
 * book session with prices from a fixed series of pseudo-random numbers, requests, a halt, a stale feed. The same every time.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EventData, EventName, TapeEvent } from '../../src/domain/catalogue.ts';
import { type Interval, intervalMs } from '../../src/domain/interval.ts';
import type { Bar } from '../../src/domain/market/events.ts';
import { type Settings, settingsFile } from '../../src/domain/settings/settings.ts';
import { barsStream, depthStream, feedStream, requestStream, SETTINGS_STREAM } from '../../src/domain/streams.ts';
import { DAY_MS, epochMs, isoTime } from '../../src/domain/time.ts';
import { canonicalHash } from '../../src/tape/canonical-json.ts';
import { makeEvidence } from '../../src/tape/envelope.ts';
import { makeId } from '../../src/tape/id.ts';

const START_TIME = '2024-01-01T00:00:00.000Z';
const DAYS = 90;
const SESSION_SECONDS = 600;

function evidence<N extends EventName>(type: N, stream: string, key: string, data: EventData[N], occurredAt: string): TapeEvent {
  return makeEvidence(type, stream, key, data, { occurredAt, actor: 'test', codeVersion: 'test' });
}

/** The shipped settings, with moving averages short enough to cross within the tape. */
export function syntheticSettings(): Settings {
  const text = readFileSync(join(import.meta.dirname, '../../settings/default.json'), 'utf8');
  const settings = settingsFile.parse(JSON.parse(text));
  const strategies = settings.strategies.map((strategy) => ({ ...strategy, params: { fast: 3, slow: 7 } }));
  return { ...settings, strategies };
}

/** The events by which a set of settings comes into force. */
export function settingsEvents(settings: Settings): TapeEvent[] {
  const at = START_TIME;
  const { generation } = settings;
  const make = <N extends EventName>(type: N, name: string, data: EventData[N]) =>
    evidence(type, SETTINGS_STREAM, `${generation}|${name}`, data, at);
  const changes = [
    ...settings.instruments.map((one) => make('InstrumentListed', `${one.venue}.${one.symbol}`, one)),
    ...settings.feeds.map((one) => make('FeedConfigured', `${one.venue}.${one.symbol}`, one)),
    ...settings.accounts.flatMap(({ limits, ...terms }) => [
      make('AccountOpened', terms.id, terms),
      make('RiskLimitsSet', terms.id, { account: terms.id, limits }),
    ]),
    ...settings.strategies.map((one) => make('StrategyConfigured', one.name, { ...one, settingsHash: canonicalHash(one) })),
  ];
  return [...changes, make('SettingsApplied', 'applied', { generation, changes: changes.length, hash: canonicalHash(settings) })];
}

/** Lehmer's generator: whole numbers below `bound`, the same every time. */
function wholeNumbers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state * 48271) % 2147483647;
    return state % bound;
  };
}

/** A price in cents as text. */
function price(cents: number): string {
  return `${Math.floor(cents / 100)}.${(cents % 100).toString().padStart(2, '0')}`;
}

interface Instrument {
  readonly venue: string;
  readonly symbol: string;
  readonly interval: Interval;
}

function bar({ venue, symbol, interval }: Instrument, openMs: number, cents: readonly number[], hasBook: boolean): TapeEvent {
  const [open = 0, , , close = 0] = cents;
  const openTime = isoTime(openMs);
  const closeTime = isoTime(openMs + intervalMs(interval));
  const data: Bar = {
    ...{ venue, symbol, interval, openTime, closeTime },
    ...{ open: price(open), high: price(Math.max(...cents)), low: price(Math.min(...cents)), close: price(close) },
    ...{ volume: '1.5', quoteVolume: null, contracts: null, tradeCount: null, firstTradeId: null, lastTradeId: null },
    ...{ bid: hasBook ? price(close - 1) : null, ask: hasBook ? price(close + 1) : null },
    ...{ complete: true, source: 'recording' as const },
  };
  const stream = barsStream(venue, symbol, interval, openTime);
  return evidence('BarClosed', stream, `${venue}|${symbol}|${interval}|${openTime}`, data, closeTime);
}

/** Prices that swing up and down, so that averages cross often. */
function swinging(random: (bound: number) => number, step: number, base: number, swing: number): number[] {
  const phase = step % 40;
  const middle = base + swing * (phase < 20 ? phase : 40 - phase);
  return [0, 1, 2, 3].map(() => middle + random(swing));
}

function candles(): TapeEvent[] {
  const instrument: Instrument = { venue: 'coinbase', symbol: 'BTC-USD', interval: '4h' };
  const length = intervalMs('4h');
  const random = wholeNumbers(7);
  return Array.from({ length: (DAYS * DAY_MS) / length }, (_, step) =>
    bar(instrument, epochMs(START_TIME) + step * length, swinging(random, step, 4_000_000, 20_000), false),
  );
}

function request<N extends EventName>(type: N, key: string, data: EventData[N], atMs: number): TapeEvent {
  return evidence(type, requestStream(makeId(`${type}|${key}`)), key, data, isoTime(atMs));
}

function requestsAt(second: number, atMs: number, cents: number): TapeEvent[] {
  const account = 'paper-binance';
  const order = { account, venue: 'binance', symbol: 'BTCUSDT', reason: null } as const;
  const limit = { ...order, type: 'limit', timeInForce: 'GTC', quantity: '0.01', price: price(cents - 50_000) } as const;
  const market = { ...order, type: 'market', timeInForce: 'IOC', quantity: '0.02', price: null } as const;
  const halt = {
    scope: { account },
    mode: 'reduce-only',
    cancelOpen: true,
    flatten: true,
    atLastPrice: false,
    reason: 'a drill',
  } as const;
  switch (second) {
    case 60:
      return [request('OrderRequested', `${account}|a`, { ...market, side: 'buy' }, atMs)];
    case 90:
      return [request('OrderRequested', `${account}|b`, { ...limit, side: 'buy' }, atMs)];
    case 120: {
      const orderId = makeId(`order|${makeId(`OrderRequested|${account}|b`)}`);
      return [request('OrderCancelRequested', `${account}|c`, { orderId, account, reason: null }, atMs)];
    }
    case 150:
      return [request('OrderRequested', `${account}|d`, { ...limit, side: 'buy', quantity: '0.03' }, atMs)];
    case 300:
      return [request('TradingHaltRequested', 'drill', halt, atMs)];
    case 360:
      return [request('TradingResumeRequested', 'drill', { scope: { account }, reason: 'the drill is over' }, atMs)];
    case 420:
      return [request('OrderRequested', `${account}|e`, { ...market, side: 'sell', quantity: '0.005' }, atMs)];
    default:
      return [];
  }
}

type FeedReason = EventData['FeedRecovered']['reason'];

function feedBegins(venue: string, symbol: string, reason: FeedReason, atMs: number): TapeEvent {
  const time = isoTime(atMs);
  return evidence(
    'FeedRecovered',
    feedStream(venue, symbol),
    `recovered|${time}`,
    { venue, symbol, reason, eventTime: time },
    time,
  );
}

function feedStateAt(second: number, atMs: number): TapeEvent[] {
  const [venue, symbol, time] = ['binance', 'BTCUSDT', isoTime(atMs)];
  const stale = { venue, symbol, reason: 'gap', lastEventTime: time } as const;
  if (second === 200) return [evidence('FeedStale', feedStream(venue, symbol), `stale|${time}`, stale, time)];
  if (second === 220) return [feedBegins(venue, symbol, 'gap', atMs)];
  return [];
}

function session(begin: number): TapeEvent[] {
  const instrument: Instrument = { venue: 'binance', symbol: 'BTCUSDT', interval: '1s' };
  const random = wholeNumbers(11);
  return Array.from({ length: SESSION_SECONDS }, (_, second) => {
    const openMs = begin + second * 1000;
    const cents = swinging(random, second, 6_000_000, 900);
    const close = cents[3] ?? 0;
    const eventTime = isoTime(openMs + 1000);
    const depth = {
      ...{ venue: 'binance', symbol: 'BTCUSDT', eventTime, updateId: second + 1 },
      bids: [1, 2, 3].map((step): [string, string] => [price(close - step), `0.0${1 + random(9)}`]),
      asks: [1, 2, 3].map((step): [string, string] => [price(close + step), `0.0${1 + random(9)}`]),
    };
    return [
      bar(instrument, openMs, cents, true),
      evidence('DepthSampled', depthStream('binance', 'BTCUSDT', eventTime), `binance|BTCUSDT|${second + 1}`, depth, eventTime),
      ...feedStateAt(second, openMs + 1000),
      ...requestsAt(second, openMs + 1000, close),
    ];
  }).flat();
}

/** Evidence in tape order: settings, ninety days of candles, ten minutes of a book session with requests. */
export function syntheticTape(): TapeEvent[] {
  const sessionBegins = epochMs(START_TIME) + DAYS * DAY_MS;
  return [
    ...settingsEvents(syntheticSettings()),
    feedBegins('coinbase', 'BTC-USD', 'ended', epochMs(START_TIME)),
    ...candles(),
    feedBegins('binance', 'BTCUSDT', 'ended', sessionBegins),
    ...session(sessionBegins),
  ];
}
