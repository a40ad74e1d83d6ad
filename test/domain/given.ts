/** Given / when / then over an engine: evidence in, decisions out, with settings that a test changes as it needs. */

import type { EventData, EventName, TapeEvent } from '../../src/domain/catalogue.ts';
import { Engine } from '../../src/domain/engine/engine.ts';
import type { Reactor } from '../../src/domain/engine/reactor.ts';
import { account, feed, instrument, strategy } from '../../src/domain/settings/settings.ts';
import { SETTINGS_STREAM } from '../../src/domain/streams.ts';
import { epochMs, isoTime } from '../../src/domain/time.ts';
import { makeEvidence } from '../../src/tape/envelope.ts';
import { makeId } from '../../src/tape/id.ts';
import { BTCUSDT, barOf } from '../support/fixtures.ts';

/** Noon, so that a test can go back and forth without meeting a new day. */
export const NOON = epochMs('2024-08-08T12:00:00.000Z');

export const HASH = 'a'.repeat(64);

type Input = Record<string, unknown>;

export interface GivenSettings {
  readonly instruments?: readonly Input[];
  readonly feeds?: readonly Input[];
  readonly accounts?: readonly Input[];
  readonly strategies?: readonly Input[];
  /** Names of strategies that are retired. */
  readonly retired?: readonly string[];
}

/** Candles only. */
export const CANDLES: Input = { venue: 'binance', symbol: 'BTCUSDT', source: 'recording', bars: '1m' };
export const BOOK: Input = { ...CANDLES, bars: '1s', depth: { levels: 20, every: '1s' } };

export const PAPER: Input = {
  id: 'paper-1',
  venue: 'paper',
  currency: 'USDT',
  balances: { USDT: '100000' },
  fees: { maker: '0.001', taker: '0.001' },
  limits: {},
};

export const CROSS: Input = {
  name: 'cross',
  kind: 'sma-crossover',
  venue: 'binance',
  symbol: 'BTCUSDT',
  interval: '1m',
  params: { fast: 2, slow: 3 },
  account: 'paper-1',
  mode: 'long-flat',
  size: { quantity: '1' },
};

export class Scene {
  readonly engine: Engine;
  /** Everything so far: evidence and decisions in their order. */
  readonly tape: TapeEvent[] = [];
  /** Time of the next evidence, epoch ms. */
  now = NOON;
  #counter = 0;

  constructor(reactors: readonly Reactor[]) {
    this.engine = new Engine(reactors, makeId, 'test');
  }

  /** Makes evidence without handing it on. */
  evidence<N extends EventName>(type: N, data: EventData[N], stream = `test-${type}`): TapeEvent {
    const origin = { occurredAt: isoTime(this.now), actor: 'test', codeVersion: 'test' };
    return makeEvidence(type, stream, `${this.#counter++}`, data, origin);
  }

  /** Hands one piece of evidence on; returns what was decided on it. */
  when<N extends EventName>(type: N, data: EventData[N]): TapeEvent[] {
    return this.take(this.evidence(type, data));
  }

  take(evidence: TapeEvent): TapeEvent[] {
    const decisions = this.engine.decide(evidence);
    this.tape.push(evidence, ...decisions);
    return decisions;
  }

  /** Puts settings in force, as one set. */
  settings(given: GivenSettings): TapeEvent[] {
    let changes = -1;
    const put = (type: EventName, data: unknown) => {
      changes++;
      return this.take(makeEvidence(type, SETTINGS_STREAM, `${this.#counter++}`, data as never, this.#origin()));
    };
    for (const listed of given.instruments ?? [BTCUSDT]) put('InstrumentListed', instrument.parse(listed));
    for (const fed of given.feeds ?? [CANDLES]) put('FeedConfigured', feed.parse(fed));
    for (const opened of given.accounts ?? [PAPER]) {
      const { limits, ...terms } = account.parse(opened);
      put('AccountOpened', terms);
      put('RiskLimitsSet', { account: terms.id, limits });
    }
    for (const run of given.strategies ?? [CROSS]) put('StrategyConfigured', { ...strategy.parse(run), settingsHash: HASH });
    for (const name of given.retired ?? []) put('StrategyRetired', { name });
    return put('SettingsApplied', { generation: ++this.#counter, changes: changes + 1, hash: HASH });
  }

  /** A bar that closes now; only its close matters to the desk. Its volume is large enough for any order. */
  bar(close: string, of: Partial<EventData['BarClosed']> = {}): TapeEvent[] {
    const times = { openTime: isoTime(this.now - 60_000), closeTime: isoTime(this.now) };
    return this.when('BarClosed', barOf({ ...times, close, volume: '1000000', ...of }));
  }

  /** The feed can be trusted from now on. */
  begin(venue = 'binance', symbol = 'BTCUSDT'): TapeEvent[] {
    return this.when('FeedRecovered', { venue, symbol, reason: 'ended', eventTime: isoTime(this.now) });
  }

  depth(bid: string, ask: string, of: Partial<EventData['DepthSampled']> = {}): TapeEvent[] {
    const updateId = this.#counter;
    const eventTime = isoTime(this.now);
    return this.when('DepthSampled', {
      venue: 'binance',
      symbol: 'BTCUSDT',
      eventTime,
      updateId,
      bids: [[bid, '1']],
      asks: [[ask, '1']],
      ...of,
    });
  }

  /** A signal on a bar that closes now. */
  signal(side: 'buy' | 'sell', of: Partial<EventData['SignalGenerated']> = {}): TapeEvent[] {
    return this.when('SignalGenerated', {
      strategy: 'cross',
      venue: 'binance',
      symbol: 'BTCUSDT',
      interval: '1m',
      side,
      barOpenTime: isoTime(this.now - 60_000),
      barCloseTime: isoTime(this.now),
      barSource: 'recording',
      reason: {},
      settingsHash: HASH,
      ...of,
    });
  }

  /** A person asks for an order. */
  order(side: 'buy' | 'sell', quantity: string, of: Partial<EventData['OrderRequested']> = {}): TapeEvent[] {
    return this.when('OrderRequested', {
      account: 'paper-1',
      venue: 'binance',
      symbol: 'BTCUSDT',
      side,
      type: of.price === undefined || of.price === null ? 'market' : 'limit',
      timeInForce: 'GTC',
      quantity,
      price: null,
      reason: null,
      ...of,
    });
  }

  /** The venue reports something about an order. */
  report(
    order: EventData['OrderApproved'],
    executionType: EventData['ExecutionReported']['executionType'],
    of: Partial<EventData['ExecutionReported']> = {},
  ): TapeEvent[] {
    return this.when('ExecutionReported', this.reportOf(order, executionType, of));
  }

  reportOf(
    order: EventData['OrderApproved'],
    executionType: EventData['ExecutionReported']['executionType'],
    of: Partial<EventData['ExecutionReported']> = {},
  ): EventData['ExecutionReported'] {
    return {
      account: order.account,
      venue: order.venue,
      symbol: order.symbol,
      executionId: `e${this.#counter++}`,
      executionType,
      orderId: order.orderId,
      clientOrderId: order.clientOrderId,
      venueOrderId: 'v1',
      side: order.side,
      transactTime: isoTime(this.now),
      tradeId: null,
      price: null,
      quantity: null,
      cumulativeQuantity: '0',
      fee: null,
      feeAsset: null,
      liquidity: null,
      reason: null,
      ...of,
    };
  }

  /** The venue reports a trade; the fee is none unless given. */
  fill(
    order: EventData['OrderApproved'],
    quantity: string,
    price: string,
    of: Partial<EventData['ExecutionReported']> = {},
  ): TapeEvent[] {
    return this.report(order, 'trade', {
      tradeId: `t${this.#counter}`,
      price,
      quantity,
      cumulativeQuantity: quantity,
      fee: '0',
      feeAsset: 'USDT',
      liquidity: 'taker',
      ...of,
    });
  }

  halt(of: Partial<EventData['TradingHaltRequested']> = {}): TapeEvent[] {
    return this.when('TradingHaltRequested', {
      scope: { all: true },
      mode: 'stop',
      cancelOpen: false,
      flatten: false,
      atLastPrice: false,
      reason: 'a test',
      ...of,
    });
  }

  resume(scope: EventData['TradingResumeRequested']['scope'] = { all: true }): TapeEvent[] {
    return this.when('TradingResumeRequested', { scope, reason: 'a test' });
  }

  /** The latest event of a type on the tape. */
  last<N extends EventName>(type: N): EventData[N] {
    const found = this.tape.findLast((event) => event.type === type);
    if (found === undefined) throw new Error(`there is no ${type} on the tape`);
    return found.data as EventData[N];
  }

  #origin() {
    return { occurredAt: isoTime(this.now), actor: 'test', codeVersion: 'test' };
  }
}

/** The data of the only event of that type among `events`. */
export function only<N extends EventName>(events: readonly TapeEvent[], type: N): EventData[N] {
  const found = all(events, type);
  if (found.length !== 1) throw new Error(`there are ${found.length} ${type}, not one: ${names(events).join(', ')}`);
  return found[0] as EventData[N];
}

/** The data of all events of that type among `events`. */
export function all<N extends EventName>(events: readonly TapeEvent[], type: N): EventData[N][] {
  return events.filter((event) => event.type === type).map((event) => event.data as EventData[N]);
}

export function names(events: readonly TapeEvent[]): string[] {
  return events.map((event) => event.type);
}
