import { describe, expect, it } from 'vitest';
import type { EventData, TapeEvent } from '../../../src/domain/catalogue.ts';
import { desk } from '../../../src/domain/desk/desk.ts';
import { LIMITS } from '../../../src/domain/risk/limits.ts';
import { isoTime } from '../../../src/domain/time.ts';
import { BTCUSDT as SPOT } from '../../support/fixtures.ts';
import { seeded } from '../../support/seeded.ts';
import { BOOK, CANDLES, CROSS, PAPER, Scene } from '../given.ts';
import { LimitsModel, type ModelInstrument, type ModelLimits, type ModelOrder, ONE, someLimits } from './limits-model.ts';

const BTCUSDT: ModelInstrument = { symbol: 'BTCUSDT', asset: 'BTC', isSpot: true, hasBook: false };
const ETHUSDT: ModelInstrument = { symbol: 'ETHUSDT', asset: 'ETH', isSpot: true, hasBook: true };
const BTCPERP: ModelInstrument = { symbol: 'BTCPERP', asset: 'BTC', isSpot: false, hasBook: false };
const MARKETS = [BTCUSDT, ETHUSDT, BTCPERP];

/** The same whole numbers below a bound each time. */
function chance(seed: number): (below: number) => number {
  const random = seeded(seed);
  return (below) => (random() * 2 ** 32) % below;
}

function text(units: bigint): string {
  const sign = units < 0n ? '-' : '';
  const digits = (units < 0n ? -units : units).toString().padStart(9, '0');
  return `${sign}${digits.slice(0, -8)}.${digits.slice(-8)}`.replace(/\.?0+$/, '');
}

function asSettings({ rate, ...amounts }: ModelLimits): object {
  const set = Object.entries(amounts).filter((entry): entry is [string, bigint] => entry[1] !== null);
  const orderRate = rate === null ? {} : { orderRate: { orders: rate.orders, per: `${rate.perMs}ms` } };
  return { ...Object.fromEntries(set.map(([name, amount]) => [name, text(amount)])), ...orderRate };
}

class Session {
  readonly scene = new Scene([desk]);
  readonly model: LimitsModel;
  readonly refusals = new Map<string, number>();
  checked = 0;
  readonly #random: (below: number) => number;
  readonly #prices = new Map([
    ['BTCUSDT', 60_000],
    ['ETHUSDT', 3_000],
    ['BTCPERP', 60_000],
  ]);
  /** The approved orders of the desk, in the order of the model's. */
  readonly #approved: EventData['OrderApproved'][] = [];

  constructor(seed: number) {
    this.#random = chance(seed);
    // Drawn apart from what happens, so that one more limit leaves that as it was.
    const limits = someLimits(chance(1_000 + seed));
    this.model = new LimitsModel(MARKETS, limits, { cash: 100_000n * ONE, btc: ONE / 4n });
    this.scene.settings({
      instruments: [SPOT, { ...SPOT, symbol: 'ETHUSDT', base: 'ETH' }, { ...SPOT, symbol: 'BTCPERP', kind: 'perpetual' }],
      feeds: [CANDLES, { ...BOOK, bars: '1m', symbol: 'ETHUSDT' }, { ...CANDLES, symbol: 'BTCPERP' }],
      accounts: [{ ...PAPER, balances: { USDT: '100000', BTC: '0.25' }, limits: asSettings(limits) }],
      strategies: [{ ...CROSS, symbol: 'BTCPERP', size: { quantity: '0.2' }, mode: 'long-short' }],
    });
    // The strategy uses its instrument from the start on.
    this.model.used.add('BTCPERP');
  }

  step(): void {
    this.scene.now += this.#random(40) === 0 ? 6 * 3_600_000 : this.#random(45_000);
    const what = this.#random(20);
    if (what < 6) this.#moveMarket();
    else if (what < 14) this.#order();
    else if (what < 15) this.#signal();
    else if (what < 18) this.#venue();
    else if (what < 19) this.#feed();
    else this.#person();
  }

  begin(): void {
    for (const { symbol } of MARKETS) {
      this.scene.begin('binance', symbol);
      this.model.feed(symbol, null, this.scene.now);
      const close = BigInt(this.#prices.get(symbol) as number) * ONE;
      this.scene.bar(text(close), { symbol });
      this.model.bar(symbol, close, this.scene.now);
    }
  }

  #market(): ModelInstrument {
    return MARKETS[this.#random(MARKETS.length)] as ModelInstrument;
  }

  #moveMarket(): void {
    const { symbol, hasBook } = this.#market();
    const before = this.#prices.get(symbol) as number;
    const price = Math.max(100, Math.round(before * (1 + (this.#random(1001) - 490) / 10_000)));
    this.#prices.set(symbol, price);
    const close = BigInt(price) * ONE;
    if (!hasBook || this.#random(3) === 0) {
      this.scene.bar(text(close), { symbol });
      this.model.bar(symbol, close, this.scene.now);
      return;
    }
    // Now and then crossed.
    const ask = close + BigInt(this.#random(12) - 1) * (ONE / 100n);
    this.scene.depth(text(close), text(ask), { symbol });
    this.model.depth(symbol, close, ask, this.scene.now);
  }

  #feed(): void {
    const { symbol } = this.#market();
    if (this.#random(3) === 0) {
      this.scene.when('FeedStale', { venue: 'binance', symbol, reason: 'gap', lastEventTime: null });
      this.model.feed(symbol, 'gap', this.scene.now);
    } else {
      this.scene.begin('binance', symbol);
      this.model.feed(symbol, null, this.scene.now);
    }
  }

  #person(): void {
    const what = this.#random(4);
    if (what === 0) {
      const mode = this.#random(2) === 0 ? 'stop' : 'reduce-only';
      this.scene.halt({ scope: { account: 'paper-1' }, mode });
      this.model.setHalt(mode);
    } else {
      this.scene.resume({ account: 'paper-1' });
      this.model.resume();
    }
  }

  #order(): void {
    const instrument = this.#market();
    const price = BigInt(this.#prices.get(instrument.symbol) as number) * ONE;
    const worth = BigInt(1 + this.#random(this.#random(4) === 0 ? 60_000 : 9_000)) * ONE;
    const lot = ONE / 100_000n;
    const quantity = ((worth * ONE) / price / lot) * lot;
    if (quantity === 0n) return;
    const tick = ONE / 100n;
    const limit = ((price * BigInt(9_500 + this.#random(1_000))) / 10_000n / tick) * tick;
    const order: ModelOrder = {
      instrument,
      side: this.#random(2) === 0 ? 'buy' : 'sell',
      quantity,
      price: this.#random(2) === 0 ? limit : null,
      signal: null,
    };
    const given = order.price === null ? {} : { price: text(order.price) };
    this.#compare(order, () => this.scene.order(order.side, text(quantity), { ...given, symbol: instrument.symbol }));
  }

  /** Only from flat, where target and order are the same. */
  #signal(): void {
    const ofSignals = this.model.orders.filter(({ signal }) => signal !== null);
    if (ofSignals.some(({ hasEnded, filled, quantity }) => filled > 0n || (!hasEnded && filled < quantity))) return;
    const closeMs = this.scene.now - this.#random(3) * 45_000;
    const signal = { closeMs, isBackfill: this.#random(8) === 0 };
    const order: ModelOrder = {
      instrument: BTCPERP,
      side: this.#random(2) === 0 ? 'buy' : 'sell',
      quantity: ONE / 5n,
      price: null,
      signal,
    };
    if (this.model.markOf('BTCPERP') === null) return;
    this.#compare(order, () =>
      this.scene.signal(order.side, {
        symbol: 'BTCPERP',
        barCloseTime: isoTime(closeMs),
        barSource: signal.isBackfill ? 'backfill' : 'recording',
      }),
    );
  }

  #compare(order: ModelOrder, ask: () => TapeEvent[]): void {
    const expected = this.model.answer(order);
    const [decision, ...more] = ask();
    if (decision === undefined || more.length > 0) throw new Error('an order has one answer');
    const answer = decision.type === 'OrderDenied' ? decision.data.reason : null;
    expect(answer, `order ${this.checked} of ${order.side} ${text(order.quantity)} ${order.instrument.symbol}`).toBe(expected);
    this.checked++;
    this.refusals.set(answer ?? 'approved', (this.refusals.get(answer ?? 'approved') ?? 0) + 1);
    if (decision.type !== 'OrderApproved') return;
    this.model.approve(order);
    this.#approved.push(decision.data);
  }

  /** The venue fills or ends an open order. */
  #venue(): void {
    const open = this.model.orders.flatMap((order, index) => (order.hasEnded || order.filled >= order.quantity ? [] : [index]));
    const index = open[this.#random(Math.max(1, open.length))];
    const order = index === undefined ? undefined : this.model.orders[index];
    const approved = index === undefined ? undefined : this.#approved[index];
    if (order === undefined || approved === undefined) return;
    if (this.#random(5) === 0) {
      this.scene.report(approved, 'canceled');
      this.model.end(order, this.scene.now);
      return;
    }
    const left = order.quantity - order.filled;
    const quantity = this.#random(2) === 0 ? left : (left + 1n) / 2n;
    const price = BigInt(this.#prices.get(order.instrument.symbol) as number) * ONE + BigInt(this.#random(400)) * ONE;
    const fee = BigInt(this.#random(20_000_000)) * 100n;
    this.scene.fill(approved, text(quantity), text(price), { fee: text(fee), cumulativeQuantity: text(order.filled + quantity) });
    this.model.fill(order, quantity, price, fee, this.scene.now);
  }
}

describe('Each limit', () => {
  it('gives the answer of an independent model, for thousands of orders', () => {
    const refusals = new Map<string, number>();
    let checked = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const session = new Session(seed);
      session.begin();
      for (let step = 0; step < 150; step++) session.step();
      checked += session.checked;
      for (const [name, count] of session.refusals) refusals.set(name, (refusals.get(name) ?? 0) + count);
    }
    expect(checked).toBeGreaterThan(2_000);
    // Each was met, but for trading hours: there are none yet.
    for (const { name } of LIMITS) if (name !== 'market-hours') expect(refusals.get(name) ?? 0, name).toBeGreaterThan(3);
    expect(refusals.get('approved')).toBeGreaterThan(400);
  });
});
