import { every } from '../../../core/clock.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import { barStart, nextBarStart } from '../../../market/bars.ts';
import type { Market } from '../../../market/market.ts';
import type { TradePrinted } from '../../../market/market-event.ts';
import { INTERVALS, levelsAsText, plain, SIDE, tickerRecord, touchRecord, tradeIdText, uuid } from '../formats.ts';
import { type Category, findMarket, marketName, marketsOf } from '../listing.ts';
import { DepthFeed, type DepthMessage, type DepthSettings } from './depth-feed.ts';

/** Gets the text of a message of a topic that it subscribed to. */
export type Subscriber = (topic: string, text: string) => void;

const SECOND = 1000;
/** Level 1 is sent again after so long without a change. */
const REPEAT_MS = 3 * SECOND;
const MOST_TRADES = 1024;
/** A feed that no restart has touched counts from here. */
const FIRST_UPDATE = 18_521_288;

type Depths = Readonly<Record<string, Omit<DepthSettings, 'firstUpdate'>>>;

/** https://bybit-exchange.github.io/docs/v5/websocket/public/orderbook; the full book is live for spot alone. */
const DEPTHS: Readonly<Record<Category, Depths>> = {
  spot: {
    '1': { levels: 1, paceMs: 10, sends: 'snapshots' },
    '50': { levels: 50, paceMs: 20, sends: 'both' },
    '200': { levels: 200, paceMs: 200, sends: 'both' },
    '1000': { levels: 1000, paceMs: 200, sends: 'both' },
    full: { levels: 10_000, paceMs: 200, sends: 'deltas' },
  },
  linear: {
    '1': { levels: 1, paceMs: 10, sends: 'snapshots' },
    '50': { levels: 50, paceMs: 20, sends: 'both' },
    '200': { levels: 200, paceMs: 100, sends: 'both' },
    '1000': { levels: 1000, paceMs: 200, sends: 'both' },
  },
};

/** A topic that exists: `orderbook.50.BTCUSDT`, `kline.1.BTCUSDT`, `publicTrade.BTCUSDT`, `tickers.BTCUSDT`. */
interface Topic {
  readonly kind: 'orderbook' | 'kline' | 'publicTrade' | 'tickers';
  /** A depth or an interval. */
  readonly size: string;
  readonly market: Market;
}

/** Makes each topic's messages once, and hands them to all who subscribed. */
export class PublicHub {
  readonly #exchange: Exchange;
  /** By category and topic. */
  readonly #subscribers = new Map<string, Set<Subscriber>>();
  /** By name of the market and depth. Each begins when it is first asked for. */
  readonly #feeds = new Map<string, DepthFeed>();
  readonly #categories = new Map<Market, Category>();
  readonly #trades = new Map<Market, TradePrinted[]>();
  /** The start of the last bar that was sent, and what tickers said last, by category and topic. */
  readonly #bars = new Map<string, number>();
  readonly #tickers = new Map<string, Record<string, unknown>>();
  #firstUpdate = FIRST_UPDATE;
  /** Ends the timer of the topics of whole seconds. */
  readonly stop: () => void;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    for (const category of ['spot', 'linear'] as const) {
      for (const market of marketsOf(exchange, category)) {
        this.#categories.set(market, category);
        market.observe({
          depth: () => this.#depth(market),
          trade: (trade) => this.#trade(market, trade),
          reset: (isHidden) => this.#reset(market, isHidden),
        });
      }
    }
    this.stop = every(exchange.clock, SECOND, () => this.#second());
  }

  /** Whether there is such a topic. */
  has(category: Category, topic: string): boolean {
    return this.#topic(category, topic) !== undefined;
  }

  /** What there is to know at first comes at once. The topic must exist. */
  subscribe(category: Category, topic: string, subscriber: Subscriber): void {
    const key = `${category} ${topic}`;
    this.#subscribers.set(key, (this.#subscribers.get(key) ?? new Set()).add(subscriber));
    const found = this.#topic(category, topic) as Topic;
    if (found.kind === 'orderbook') {
      const first = this.feedOf(found.market, found.size).first();
      if (first !== undefined) subscriber(topic, this.#depthText(topic, found.market, first));
    }
    if (found.kind === 'tickers') {
      const { lastId } = found.market.book;
      subscriber(topic, this.#text(topic, 'snapshot', this.#ticker(category, found.market), { cs: lastId }));
    }
  }

  unsubscribe(category: Category, topic: string, subscriber: Subscriber): void {
    this.#subscribers.get(`${category} ${topic}`)?.delete(subscriber);
  }

  /** The feed of a depth that the market's category has. */
  feedOf(market: Market, depth: string): DepthFeed {
    const category = this.#categories.get(market) as Category;
    const { symbol } = market.instrument;
    const key = `${marketName(category, symbol)} ${depth}`;
    const known = this.#feeds.get(key);
    if (known !== undefined) return known;
    const settings = { ...(DEPTHS[category][depth] as Depths[string]), firstUpdate: this.#firstUpdate };
    const topic = `orderbook.${depth}.${symbol}`;
    const feed = new DepthFeed(market, this.#exchange.clock, settings, (message) =>
      this.#publish(category, topic, () => this.#depthText(topic, market, message)),
    );
    this.#feeds.set(key, feed);
    return feed;
  }

  /** What `system/status` and `system.status` tell of: the last restart. */
  maintenance(): Record<string, unknown>[] {
    const at = this.#exchange.faults.restartedAt;
    return at === 0 ? [] : [maintenanceRecord('completed', at, at)];
  }

  #topic(category: Category, text: string): Topic | undefined {
    const parts = text.split('.');
    const [kind, size, symbol] = parts.length === 3 ? parts : [parts[0], '', parts[1]];
    const market = findMarket(this.#exchange, category, symbol ?? '');
    if (market === undefined || parts.length > 3) return undefined;
    if (kind === 'orderbook' && Object.hasOwn(DEPTHS[category], size ?? '')) return { kind, size: size ?? '', market };
    if (kind === 'kline' && Object.hasOwn(INTERVALS, size ?? '')) return { kind, size: size ?? '', market };
    if ((kind === 'publicTrade' || kind === 'tickers') && size === '') return { kind, size, market };
    return undefined;
  }

  #publish(category: Category, topic: string, text: () => string): void {
    const subscribers = this.#subscribers.get(`${category} ${topic}`);
    if (subscribers === undefined || subscribers.size === 0) return;
    const made = text();
    for (const subscriber of [...subscribers]) subscriber(topic, made);
  }

  #text(topic: string, type: string, data: unknown, more: Readonly<Record<string, unknown>> = {}): string {
    return JSON.stringify({ topic, type, ts: this.#exchange.now(), data, ...more });
  }

  #depthText(topic: string, { instrument }: Market, { type, bids, asks, u, seq, cts }: DepthMessage): string {
    const data = { s: instrument.symbol, b: levelsAsText(bids), a: levelsAsText(asks), u, seq };
    return this.#text(topic, type, data, { cts });
  }

  #depth(market: Market): void {
    for (const feed of this.#feedsOf(market)) feed.changed();
  }

  #reset(market: Market, isHidden: boolean): void {
    this.#firstUpdate = 1;
    for (const feed of this.#feedsOf(market)) feed.reset(isHidden);
  }

  #feedsOf(market: Market): DepthFeed[] {
    return [...this.#feeds.values()].filter((feed) => feed.market === market);
  }

  /** Trades of one moment are one message. */
  #trade(market: Market, trade: TradePrinted): void {
    const pending = this.#trades.get(market);
    if (pending !== undefined) {
      pending.push(trade);
      return;
    }
    this.#trades.set(market, [trade]);
    this.#exchange.clock.after(0, () => {
      const trades = this.#trades.get(market) ?? [];
      this.#trades.delete(market);
      for (let start = 0; start < trades.length; start += MOST_TRADES) {
        this.#publishTrades(market, trades.slice(start, start + MOST_TRADES));
      }
    });
  }

  #publishTrades(market: Market, trades: readonly TradePrinted[]): void {
    const category = this.#categories.get(market) as Category;
    const { symbol } = market.instrument;
    const topic = `publicTrade.${symbol}`;
    this.#publish(category, topic, () => {
      const data = trades.map((trade) => ({
        T: trade.at,
        s: symbol,
        S: SIDE[trade.isBuyerMaker ? 'sell' : 'buy'],
        v: plain(trade.quantity),
        p: plain(trade.price),
        ...(category === 'linear' ? { L: 'ZeroPlusTick' } : {}),
        i: tradeIdText(category, trade.id),
        BT: false,
        RPI: false,
        // It orders, and does not count: trades of one moment share it.
        seq: trades[0]?.id,
      }));
      return this.#text(topic, 'snapshot', data);
    });
  }

  #second(): void {
    for (const feed of this.#feeds.values()) feed.repeat(REPEAT_MS);
    for (const [key, subscribers] of this.#subscribers) {
      if (subscribers.size === 0) continue;
      const [category, topic] = key.split(' ') as [Category, string];
      const found = this.#topic(category, topic);
      if (found?.kind === 'kline') this.#klines(category, topic, found.market, found.size);
      if (found?.kind === 'tickers') this.#tick(category, topic, found.market);
    }
  }

  /** The bar that has closed since, if any, and then the open one. */
  #klines(category: Category, topic: string, market: Market, size: string): void {
    const interval = INTERVALS[size] as string;
    const start = barStart(interval, this.#exchange.now());
    const last = this.#bars.get(`${category} ${topic}`);
    this.#bars.set(`${category} ${topic}`, start);
    if (last !== undefined && last < start) this.#kline(category, topic, market, { size, start: last, isClosed: true });
    this.#kline(category, topic, market, { size, start, isClosed: false });
  }

  #kline(
    category: Category,
    topic: string,
    market: Market,
    { size, start, isClosed }: { readonly size: string; readonly start: number; readonly isClosed: boolean },
  ): void {
    const interval = INTERVALS[size] as string;
    const now = this.#exchange.now();
    const bar = market.bars.at(interval, start, now);
    if (bar === undefined) return;
    this.#publish(category, topic, () => {
      const { open, close, high, low, volume, quoteVolume } = bar;
      const prices = { open: plain(open), close: plain(close), high: plain(high), low: plain(low) };
      const sizes = { volume: plain(volume), turnover: plain(quoteVolume) };
      const end = nextBarStart(interval, start) - 1;
      return this.#text(topic, 'snapshot', [
        { start, end, interval: size, ...prices, ...sizes, confirm: isClosed, timestamp: now },
      ]);
    });
  }

  /** Spot sends the whole record each time; derivatives send what has changed. */
  #tick(category: Category, topic: string, market: Market): void {
    const now = this.#ticker(category, market);
    const before = this.#tickers.get(`${category} ${topic}`) ?? {};
    const changed = Object.entries(now).filter(([name, value]) => before[name] !== value);
    this.#tickers.set(`${category} ${topic}`, now);
    if (changed.length === 0) return;
    const cs = market.book.lastId;
    this.#publish(category, topic, () =>
      category === 'spot'
        ? this.#text(topic, 'snapshot', now, { cs })
        : this.#text(topic, 'delta', { symbol: market.instrument.symbol, ...Object.fromEntries(changed) }, { cs }),
    );
  }

  #ticker(category: Category, market: Market): Record<string, unknown> {
    const record = tickerRecord(category, market, this.#exchange.now());
    return category === 'spot' ? record : { ...record, ...touchRecord(market) };
  }
}

/** https://bybit-exchange.github.io/docs/v5/system-status */
export function maintenanceRecord(state: 'ongoing' | 'completed', begin: number, end: number): Record<string, unknown> {
  return {
    id: uuid(`maintenance ${begin}`),
    title: 'Restart',
    state,
    begin: String(begin),
    end: String(end),
    href: '',
    serviceTypes: [2, 3, 4, 5],
    product: [1, 2],
    uidSuffix: [],
    maintainType: 1,
    env: 1,
  };
}
