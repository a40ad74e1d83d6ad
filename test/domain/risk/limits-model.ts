/**
 * The limits worked out again for each order from everything that happened, in plain integers: nothing is kept but the
 * list of facts. Independent of the code under test, and slow.
 */

/** Prices, quantities and money are integers of 10^-8; products of two are of 10^-16. */
export const ONE = 100_000_000n;

export interface ModelInstrument {
  readonly symbol: string;
  readonly asset: 'BTC' | 'ETH';
  readonly isSpot: boolean;
  readonly hasBook: boolean;
}

export interface ModelLimits {
  readonly positionSize: bigint | null;
  readonly dailyLoss: bigint | null;
  readonly drawdown: bigint | null;
  readonly concentration: bigint | null;
  readonly leverage: bigint | null;
  readonly priceCollar: bigint | null;
  readonly rate: { readonly orders: number; readonly perMs: number } | null;
}

/** Some limits, drawn by chance: `random(below)` gives a number from 0 on. */
export function someLimits(random: (below: number) => number): ModelLimits {
  const maybe = (value: bigint) => (random(3) === 0 ? null : value);
  return {
    positionSize: maybe(BigInt(20_000 + random(60_000)) * ONE),
    dailyLoss: maybe(BigInt(500 + random(5_000)) * ONE),
    drawdown: maybe((ONE * BigInt(2 + random(40))) / 1000n),
    concentration: maybe((ONE * BigInt(20 + random(80))) / 100n),
    leverage: maybe((ONE * BigInt(30 + random(150))) / 100n),
    priceCollar: maybe((ONE * BigInt(1 + random(4))) / 100n),
    rate: random(3) === 0 ? null : { orders: 1 + random(6), perMs: 1000 * (1 + random(200)) },
  };
}

export interface ModelOrder {
  readonly instrument: ModelInstrument;
  readonly side: 'buy' | 'sell';
  readonly quantity: bigint;
  readonly price: bigint | null;
  readonly signal: { readonly closeMs: number; readonly isBackfill: boolean } | null;
}

interface Placed extends ModelOrder {
  readonly atMs: number;
  filled: bigint;
  hasEnded: boolean;
}

interface Trade {
  readonly order: Placed;
  readonly quantity: bigint;
  readonly price: bigint;
  readonly fee: bigint;
}

interface Market {
  close: bigint | null;
  closeMs: number;
  /** Twice the mid, so that it is whole. */
  bid: bigint | null;
  ask: bigint | null;
  stale: string | null;
  timeMs: number;
  /** Twice the last mark. */
  mark: bigint | null;
}

const MINUTE = 60_000;
const DAY = 86_400_000;

export class LimitsModel {
  readonly orders: Placed[] = [];
  readonly #trades: Trade[] = [];
  readonly #markets = new Map<string, Market>();
  /** Symbols whose market data move the account's now. */
  readonly used = new Set<string>();
  readonly #instruments: readonly ModelInstrument[];
  readonly #limits: ModelLimits;
  readonly #opening: { readonly cash: bigint; readonly btc: bigint };
  #now = 0;
  #halt: 'none' | 'reduce-only' | 'stop' = 'none';
  /** Twice the equity, in 10^-16, whenever it was looked at, with the time of day that it belongs to. */
  #history: bigint[] = [];
  /** Twice the equity after each thing that happened, the latest time it was valued at by then, and whether BTC had a price. */
  readonly #worths: { readonly valuedMs: number; readonly equity: bigint; readonly isPriced: boolean }[] = [];
  /** Twice the first mark of the opening BTC. */
  #firstMark = 0n;

  constructor(instruments: readonly ModelInstrument[], limits: ModelLimits, opening: { cash: bigint; btc: bigint }) {
    this.#instruments = instruments;
    this.#limits = limits;
    this.#opening = opening;
    for (const { symbol } of instruments) {
      this.#markets.set(symbol, { close: null, closeMs: 0, bid: null, ask: null, stale: 'not-begun', timeMs: 0, mark: null });
    }
    this.#history = [this.#equity()];
    this.#note(0);
  }

  // --- What happens ---

  bar(symbol: string, close: bigint, atMs: number): void {
    const market = this.#marketOf(symbol);
    market.close = close;
    market.closeMs = atMs;
    this.#seen(symbol, atMs);
  }

  depth(symbol: string, bid: bigint, ask: bigint, atMs: number): void {
    const market = this.#marketOf(symbol);
    market.bid = bid;
    market.ask = ask;
    this.#seen(symbol, atMs);
  }

  feed(symbol: string, stale: string | null, atMs: number): void {
    this.#marketOf(symbol).stale = stale;
    this.#seen(symbol, atMs);
  }

  setHalt(mode: 'none' | 'reduce-only' | 'stop'): void {
    this.#halt = mode;
  }

  /** A person resumes the account: drawdown starts again. */
  resume(): void {
    this.#halt = 'none';
    this.#history = [this.#equity()];
  }

  approve(order: ModelOrder): void {
    const timeMs = Math.max(this.#now, this.#marketOf(order.instrument.symbol).timeMs);
    this.used.add(order.instrument.symbol);
    this.#advance(timeMs);
    this.#note(timeMs);
    this.orders.push({ ...order, atMs: timeMs, filled: 0n, hasEnded: false });
  }

  fill(order: Placed, quantity: bigint, price: bigint, fee: bigint, atMs: number): void {
    this.#advance(atMs);
    order.filled += quantity;
    this.#trades.push({ order, quantity, price, fee });
    this.#history.push(this.#equity());
    this.#note(atMs);
  }

  end(order: Placed, atMs: number): void {
    this.#advance(atMs);
    this.#note(atMs);
    order.hasEnded = true;
  }

  // --- What must be answered ---

  /** Null when the order passes, else the name of what refuses it. */
  answer(order: ModelOrder): string | null {
    const { instrument, side, quantity, price } = order;
    if (side === 'sell' && instrument.isSpot && order.signal === null) {
      const sellable = this.#sellable(instrument.asset);
      if (quantity > sellable) return sellable <= 0n ? 'nothing-to-sell' : 'not-enough-to-sell';
    }
    const market = this.#marketOf(instrument.symbol);
    const reference = market.mark ?? (price === null ? null : 2n * price);
    if (reference === null) return 'market-data';
    if (quantity * (price === null ? reference : 2n * price) < 2n * 5n * ONE * ONE) return 'below-minimum';
    const isReducing = this.#reducing(order);
    if (this.#halt === 'stop' || (this.#halt === 'reduce-only' && !isReducing)) return 'halt';
    const now = Math.max(this.#now, market.timeMs);
    if (!isReducing) {
      if (this.#untrusted(instrument, now)) return 'market-data';
      if (order.signal !== null && (order.signal.isBackfill || now - order.signal.closeMs > MINUTE)) return 'signal-too-old';
      const { rate } = this.#limits;
      if (rate !== null && this.orders.filter(({ atMs }) => atMs > now - rate.perMs).length + 1 > rate.orders)
        return 'order-rate';
    }
    const { priceCollar } = this.#limits;
    if (priceCollar !== null && price !== null) {
      const distance = side === 'buy' ? 2n * price - reference : reference - 2n * price;
      if (distance * ONE > priceCollar * reference) return 'price-collar';
    }
    return isReducing ? null : this.#answerByWorth(order, reference);
  }

  #answerByWorth(order: ModelOrder, reference: bigint): string | null {
    const limits = this.#limits;
    const equity = this.#equity();
    if (limits.dailyLoss !== null && this.#dayStart() - equity > 2n * limits.dailyLoss * ONE) return 'daily-loss';
    if (limits.drawdown !== null && this.#fellBelow(limits.drawdown)) return 'drawdown';
    const marketValues = this.#marketValues(order, reference);
    const own = marketValues.find(({ holding }) => holding === holdingOf(order.instrument))?.worth ?? 0n;
    if (limits.positionSize !== null && own > 2n * limits.positionSize * ONE) return 'position-size';
    const sum = (list: typeof marketValues) => list.reduce((total, { worth }) => total + worth, 0n);
    const ofAsset = marketValues.filter(({ asset }) => asset === order.instrument.asset);
    if (limits.concentration !== null && sum(ofAsset) * ONE > limits.concentration * equity) return 'concentration';
    if (limits.leverage !== null && sum(marketValues) * ONE > limits.leverage * equity) return 'leverage';
    return null;
  }

  /** Was equity ever further below an earlier one than the fraction allows? */
  #fellBelow(fraction: bigint): boolean {
    return this.#history.some((later, i) => this.#history.slice(0, i).some((peak) => (peak - later) * ONE > fraction * peak));
  }

  #marketValues(order: ModelOrder, reference: bigint) {
    const holdings = new Map<string, { asset: string; instrument: ModelInstrument }>();
    for (const instrument of this.#instruments) holdings.set(holdingOf(instrument), { asset: instrument.asset, instrument });
    return [...holdings].map(([holding, { asset, instrument }]) => {
      const isOwn = holding === holdingOf(order.instrument);
      const held = this.#held(instrument);
      const working = this.#working(instrument);
      const buys = working.buys + (isOwn && order.side === 'buy' ? order.quantity : 0n);
      const sells = working.sells + (isOwn && order.side === 'sell' ? order.quantity : 0n);
      const long = absolute(held + buys);
      const short = absolute(held - sells);
      const price = isOwn ? reference : (this.#marketOf(instrument.symbol).mark ?? 0n);
      return { holding, asset, worth: (long > short ? long : short) * price };
    });
  }

  /** Twice the last mark; null while there is none. */
  markOf(symbol: string): bigint | null {
    return this.#marketOf(symbol).mark;
  }

  // --- What is so ---

  #reducing({ instrument, side, quantity }: ModelOrder): boolean {
    const { buys, sells } = this.#working(instrument);
    const held = this.#held(instrument);
    return side === 'sell' ? held - sells - quantity >= 0n : held + buys + quantity <= 0n;
  }

  #held(instrument: ModelInstrument): bigint {
    let held = instrument.isSpot && instrument.asset === 'BTC' ? this.#opening.btc : 0n;
    for (const { order, quantity } of this.#trades) {
      if (holdingOf(order.instrument) === holdingOf(instrument)) held += order.side === 'buy' ? quantity : -quantity;
    }
    return held;
  }

  #working(instrument: ModelInstrument): { buys: bigint; sells: bigint } {
    let [buys, sells] = [0n, 0n];
    for (const order of this.orders) {
      if (order.hasEnded || holdingOf(order.instrument) !== holdingOf(instrument)) continue;
      if (order.side === 'buy') buys += order.quantity - order.filled;
      else sells += order.quantity - order.filled;
    }
    return { buys, sells };
  }

  /** What people may sell: all trades of the model but those of signals are people's. */
  #sellable(asset: 'BTC' | 'ETH'): bigint {
    const ofPeople = (order: ModelOrder) => order.signal === null && order.instrument.isSpot && order.instrument.asset === asset;
    let own = asset === 'BTC' ? this.#opening.btc : 0n;
    for (const { order, quantity } of this.#trades) if (ofPeople(order)) own += order.side === 'buy' ? quantity : -quantity;
    for (const order of this.orders) {
      if (!order.hasEnded && order.side === 'sell' && ofPeople(order)) own -= order.quantity - order.filled;
    }
    const instrument = this.#instruments.find((listed) => listed.isSpot && listed.asset === asset) as ModelInstrument;
    const free = this.#held(instrument) - this.#working(instrument).sells;
    return own < free ? own : free;
  }

  #untrusted(instrument: ModelInstrument, now: number): boolean {
    const market = this.#marketOf(instrument.symbol);
    if (market.stale !== null || market.mark === null) return true;
    if (instrument.hasBook) return market.bid === null || market.ask === null || market.bid >= market.ask;
    return market.close === null || now - market.closeMs > 2 * MINUTE;
  }

  /** Twice the equity, in 10^-16. */
  #equity(): bigint {
    let equity = 2n * this.#opening.cash * ONE + this.#opening.btc * (this.#markets.get('BTCUSDT')?.mark ?? 0n);
    for (const { order, quantity, price, fee } of this.#trades) {
      const signed = order.side === 'buy' ? quantity : -quantity;
      const mark = this.#marketOf(order.instrument.symbol).mark ?? 0n;
      equity += signed * mark - 2n * signed * price - 2n * fee * ONE;
    }
    return equity;
  }

  #seen(symbol: string, atMs: number): void {
    const market = this.#marketOf(symbol);
    market.timeMs = Math.max(market.timeMs, atMs);
    const isQuoted = market.bid !== null && market.ask !== null && market.bid < market.ask && market.stale === null;
    if (isQuoted) market.mark = (market.bid as bigint) + (market.ask as bigint);
    else if (market.close !== null) market.mark = 2n * market.close;
    if (symbol === 'BTCUSDT' && this.#firstMark === 0n) this.#firstMark = market.mark ?? 0n;
    if (this.used.has(symbol)) this.#advance(atMs);
    this.#history.push(this.#equity());
    // The opening BTC is priced by its own instrument, whether or not anybody uses that.
    this.#note(this.used.has(symbol) || symbol === 'BTCUSDT' ? atMs : 0);
  }

  #advance(atMs: number): void {
    this.#now = Math.max(this.#now, atMs);
  }

  #note(atMs: number): void {
    const valuedMs = Math.max(atMs, this.#worths.at(-1)?.valuedMs ?? 0);
    this.#worths.push({ valuedMs, equity: this.#equity(), isPriced: this.#firstMark !== 0n });
  }

  /** Twice what the account was worth after the last that happened up to the start of the day, its opening BTC counted. */
  #dayStart(): bigint {
    const valuedMs = this.#worths.at(-1)?.valuedMs ?? 0;
    const startMs = valuedMs - (valuedMs % DAY);
    const baseline = this.#worths.findLast((worth) => worth.valuedMs <= startMs);
    if (baseline === undefined) throw new Error('the model was worth nothing from the start on');
    return baseline.equity + (baseline.isPriced ? 0n : this.#opening.btc * this.#firstMark);
  }

  #marketOf(symbol: string): Market {
    const market = this.#markets.get(symbol);
    if (market === undefined) throw new Error(`the model has no ${symbol}`);
    return market;
  }
}

function holdingOf(instrument: ModelInstrument): string {
  return instrument.isSpot ? instrument.asset : instrument.symbol;
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}
