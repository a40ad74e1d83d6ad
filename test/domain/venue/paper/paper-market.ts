/** A paper venue with a market around it, for tests: given events, what does it report? */

import type { EventData, EventName, TapeEvent } from '../../../../src/domain/catalogue.ts';
import { findEventType } from '../../../../src/domain/catalogue.ts';
import { Engine } from '../../../../src/domain/engine/engine.ts';
import type { ApprovedOrder } from '../../../../src/domain/order/events.ts';
import type { AccountTerms } from '../../../../src/domain/settings/in-force.ts';
import { epochMs, isoTime } from '../../../../src/domain/time.ts';
import type { ExecutionReport } from '../../../../src/domain/venue/events.ts';
import type { PaperState } from '../../../../src/domain/venue/paper/paper-state.ts';
import { paperVenue } from '../../../../src/domain/venue/paper/paper-venue.ts';
import { makeId } from '../../../../src/tape/id.ts';
import { BTCUSDT, barOf } from '../../../support/fixtures.ts';

/** 12:00:00 of the test's day plus so many milliseconds. */
export function at(ms: number): string {
  return isoTime(epochMs('2024-03-01T12:00:00.000Z') + ms);
}

export function orderId(name: string): string {
  return makeId(`order|${name}`);
}

const BTCUSD = { ...BTCUSDT, symbol: 'BTCUSD', quote: 'USD', quantityScale: 3, lotSize: '0.001', minNotional: '1' };

export type Levels = readonly (readonly [string, string])[];

type OrderTerms = Partial<ApprovedOrder> & { readonly name: string; readonly now: number };

export class PaperMarket {
  readonly engine = new Engine([paperVenue], makeId, 'test');
  readonly reports: ExecutionReport[] = [];
  #events = 0;

  /** `candles`: 4-hour candles only; `book`: 1-second bars and a sampled book. Both trade BTC for USD. */
  constructor(kind: 'candles' | 'book', account: Partial<AccountTerms> = {}) {
    const { venue, symbol } = BTCUSD;
    this.give('InstrumentListed', BTCUSD);
    const feed = { venue, symbol, source: 'recording' as const, recordings: [], rollups: [], staleAfter: '500ms' };
    if (kind === 'candles') this.give('FeedConfigured', { ...feed, bars: '4h' });
    else this.give('FeedConfigured', { ...feed, bars: '1s', depth: { levels: 3, every: '1s' } });
    this.give('AccountOpened', {
      id: 'p',
      venue: 'paper',
      currency: 'USD',
      balances: { USD: '1000' },
      fees: { maker: '0.001', taker: '0.002', paidIn: 'quote' },
      slippage: '0.01',
      latency: '100ms',
      ...account,
    });
    this.give('SettingsApplied', { generation: 1, hash: '0'.repeat(64), changes: 3 });
  }

  /** Hands an event to the venue and returns what it reports on it. */
  give<N extends EventName>(type: N, data: EventData[N], occurredAt = at(0), reactor?: string): ExecutionReport[] {
    const before = this.reports.length;
    const event = this.#make(type, data, occurredAt, reactor);
    for (const decision of this.engine.decide(event)) {
      if (decision.type === 'ExecutionReported') this.reports.push(decision.data);
    }
    return this.reports.slice(before);
  }

  /** An order of 1 BTC at the market, unless said otherwise, approved at `now`. */
  approve({ name, now, ...terms }: OrderTerms): ExecutionReport[] {
    const order: ApprovedOrder = {
      orderId: orderId(name),
      account: 'p',
      strategy: 's',
      venue: 'binance',
      symbol: 'BTCUSD',
      side: 'buy',
      type: terms.price === undefined ? 'market' : 'limit',
      timeInForce: 'GTC',
      quantity: '1',
      price: null,
      reducing: false,
      origin: { kind: 'signal', id: orderId(name) },
      clientOrderId: name,
      atLastPrice: false,
      referencePrice: '100',
      bid: null,
      ask: null,
      equity: '1000',
      position: '0',
      limits: [],
      sendBy: at(now + 5000),
      ...terms,
    };
    return this.give('OrderApproved', order, at(now), 'desk');
  }

  cancel(name: string, now: number): ExecutionReport[] {
    const data = { orderId: orderId(name), account: 'p', at: at(now), requestId: orderId('r'), reason: null };
    return this.give('OrderCancelPending', data, at(now), 'desk');
  }

  depth(now: number, bids: Levels, asks: Levels): ExecutionReport[] {
    const levels = (side: Levels) => side.map(([price, quantity]): [string, string] => [price, quantity]);
    const data = {
      venue: 'binance',
      symbol: 'BTCUSD',
      eventTime: at(now),
      updateId: now,
      bids: levels(bids),
      asks: levels(asks),
    };
    return this.give('DepthSampled', data, at(now));
  }

  /** A bar of one second, or with `hours` of so many; its volume is large enough for any order, unless it is given. */
  bar(
    openMs: number,
    [open, high, low, close]: readonly [string, string, string, string],
    hours?: number,
    volume: string | null = '1000',
  ): ExecutionReport[] {
    const closeMs = openMs + (hours === undefined ? 1000 : hours * 3_600_000);
    const data = barOf({
      venue: BTCUSD.venue,
      symbol: BTCUSD.symbol,
      interval: hours === undefined ? '1s' : '4h',
      ...{ openTime: at(openMs), closeTime: at(closeMs) },
      ...{ open, high, low, close, volume },
    });
    return this.give('BarClosed', data, at(closeMs));
  }

  /** What the venue's own ledger says. */
  balance(asset: string, account = 'p'): { readonly units: bigint; readonly scale: number } {
    return this.state().ledger.get(account)?.get(asset) ?? { units: 0n, scale: 0 };
  }

  /** A copy of the venue's state. */
  state(): PaperState {
    return this.engine.snapshot().states.get(paperVenue.name) as PaperState;
  }

  #make<N extends EventName>(type: N, data: EventData[N], occurredAt: string, reactor?: string): TapeEvent {
    const id = makeId(`test|${this.#events++}`);
    return {
      id,
      stream: 'test',
      type,
      schemaVersion: 1,
      data: findEventType(type)?.schema.parse(data),
      metadata: {
        occurredAt,
        correlationId: id,
        causationId: id,
        actor: 'test',
        codeVersion: 'test',
        ...(reactor === undefined ? {} : { reactor }),
      },
    } as TapeEvent;
  }
}

const HOUR_4 = 4 * 3_600_000;

/** The n-th 4-hour candle from 12:00 on. */
export function candle(
  market: PaperMarket,
  n: number,
  prices: readonly [string, string, string, string],
  volume?: string | null,
): ExecutionReport[] {
  return market.bar(n * HOUR_4, prices, 4, volume);
}

/** The parts of reports that matter in a test, one line each. */
export function lines(reports: readonly ExecutionReport[]): string[] {
  return reports.map((report) => {
    const head = `${report.clientOrderId} ${report.executionType}`;
    if (report.executionType === 'trade') {
      const { quantity, price, liquidity, fee, feeAsset, cumulativeQuantity, transactTime } = report;
      return `${head} ${quantity} @ ${price} ${liquidity}, fee ${fee} ${feeAsset}, so far ${cumulativeQuantity}, ${transactTime.slice(11, 23)}`;
    }
    return report.reason === null ? head : `${head} ${report.reason}`;
  });
}
