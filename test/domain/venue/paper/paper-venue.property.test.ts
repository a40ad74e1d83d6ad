import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExecutionReport } from '../../../../src/domain/venue/events.ts';
import { at, type Levels, lines, PaperMarket } from './paper-market.ts';

// --- What may happen: prices around 100 in steps of 0.01, quantities in steps of 0.001 ---

const price = fc.integer({ min: 9500, max: 10500 }).map((ticks) => (ticks / 100).toFixed(2));
const quantity = fc.integer({ min: 1, max: 6000 }).map((lots) => (lots / 1000).toFixed(3));
/** Of a bar, in thousandths; some sources do not say it. */
const volume = fc.option(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 30_000 })).map((lots) => (lots / 1000).toFixed(3)));
const fourPrices = fc.array(price, { minLength: 4, maxLength: 4 });
const six = { minLength: 6, maxLength: 6 };

const order = fc.record({
  side: fc.constantFrom('buy' as const, 'sell' as const),
  quantity,
  price: fc.option(price),
  timeInForce: fc.constantFrom('GTC' as const, 'IOC' as const),
});
/** Few different quantities, so that levels often stay as they are. */
const sample = fc.record({
  mid: fc.integer({ min: 9998, max: 10002 }),
  quantities: fc.array(fc.constantFrom('0.5', '1', '2.5'), six),
  depth: fc.integer({ min: 0, max: 3 }),
});
const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ order }) },
  { weight: 4, arbitrary: fc.record({ sample }) },
  { weight: 2, arbitrary: fc.record({ bar: fourPrices, volume }) },
  { weight: 1, arbitrary: fc.record({ cancel: fc.nat({ max: 20 }) }) },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;
const steps = fc.array(fc.tuple(action, fc.constantFrom(0, 50, 150, 1000, 2500)), { maxLength: 40 });
const paidIn = fc.constantFrom('quote' as const, 'base' as const, { asset: 'BNB', price: '300' });

interface Sent {
  readonly now: number;
  readonly side: 'buy' | 'sell';
  readonly quantity: string;
  readonly price: string | null;
}

/** Something that the market did, and the trades that it brought. */
interface Seen {
  readonly time: number;
  readonly levels?: { readonly buy: Levels; readonly sell: Levels };
  readonly bar?: { readonly openTime: number; readonly low: string; readonly high: string; readonly volume: string | null };
  readonly trades: readonly ExecutionReport[];
}

class Story {
  readonly market: PaperMarket;
  readonly sent = new Map<string, Sent>();
  readonly seen: Seen[] = [];
  readonly #hasCandles: boolean;
  #now = 0;

  constructor(hasCandles: boolean, fees: 'quote' | 'base' | { asset: string; price: string }) {
    this.#hasCandles = hasCandles;
    this.market = new PaperMarket(hasCandles ? 'candles' : 'book', {
      balances: { USD: '1500', BTC: '8', BNB: '0.01' },
      fees: { maker: '0.001', taker: '0.002', paidIn: fees },
    });
  }

  run(all: readonly (readonly [Action, number])[]): this {
    for (const [what, wait] of all) {
      this.#now += wait;
      if ('order' in what) this.#send(what.order);
      else if ('cancel' in what) this.market.cancel(`o${what.cancel}`, this.#now);
      else if ('sample' in what) this.#sample(what.sample);
      else this.#bar([...what.bar].sort((a, b) => Number(a) - Number(b)) as [string, string, string, string], what.volume);
      for (const asset of ['USD', 'BTC', 'BNB']) expect(this.market.balance(asset).units).toBeGreaterThanOrEqual(0n);
    }
    return this;
  }

  #send({
    side,
    quantity,
    price,
    timeInForce,
  }: { side: 'buy' | 'sell'; quantity: string; price: string | null } & { timeInForce: 'GTC' | 'IOC' }) {
    const name = `o${this.sent.size}`;
    this.sent.set(name, { now: this.#now, side, quantity, price });
    this.market.approve({ name, now: this.#now, side, quantity, timeInForce, ...(price === null ? {} : { price }) });
  }

  #sample({ mid, quantities, depth }: { mid: number; quantities: string[]; depth: number }) {
    const levels = (step: number, first: number): [string, string][] =>
      [0, 1, 2].slice(0, depth).map((n) => [((mid + step * (n + 1)) / 100).toFixed(2), quantities[first + n] ?? '1']);
    const [bids, asks] = [levels(-1, 0), levels(1, 3)];
    this.#see({ time: this.#now, levels: { buy: asks, sell: bids } }, this.market.depth(this.#now, bids, asks));
  }

  #bar([low, open, close, high]: readonly [string, string, string, string], volume: string | null) {
    const length = this.#hasCandles ? 4 * 3_600_000 : 1000;
    const openTime = Math.ceil(this.#now / length) * length;
    this.#now = openTime + length;
    const reports = this.market.bar(openTime, [open, high, low, close], this.#hasCandles ? 4 : undefined, volume);
    this.#see({ time: this.#now, bar: { openTime, low, high, volume } }, reports);
  }

  #see(what: Omit<Seen, 'trades'>, reports: readonly ExecutionReport[]) {
    this.seen.push({ ...what, trades: reports.filter((report) => report.executionType === 'trade') });
  }
}

/** A decimal text as a count of 10^-12: enough for every product here. */
function units(text: string | null): bigint {
  const [whole = '0', fraction = ''] = (text ?? '0').split('.');
  return BigInt(whole + fraction.padEnd(12, '0'));
}

function cents(text: string): number {
  return Math.round(Number(text) * 100);
}

function timeOf(report: ExecutionReport): number {
  return Date.parse(report.transactTime) - Date.parse(at(0));
}

describe('whatever happens, the paper venue', () => {
  it('keeps balances at zero or more, and equal to the opening ones and every trade and fee, to the last digit', () => {
    fc.assert(
      fc.property(fc.boolean(), paidIn, steps, (hasCandles, fees, all) => {
        const { market } = new Story(hasCandles, fees).run(all);
        const expected: Record<string, bigint> = { USD: units('1500'), BTC: units('8'), BNB: units('0.01') };
        for (const report of market.reports) {
          if (report.executionType !== 'trade') continue;
          const sign = report.side === 'buy' ? 1n : -1n;
          const notional = (units(report.price) * units(report.quantity)) / 10n ** 12n;
          expected.BTC = (expected.BTC ?? 0n) + sign * units(report.quantity);
          expected.USD = (expected.USD ?? 0n) - sign * notional;
          expected[report.feeAsset ?? ''] = (expected[report.feeAsset ?? ''] ?? 0n) - units(report.fee);
        }
        for (const asset of ['USD', 'BTC', 'BNB']) {
          const { units: held, scale } = market.balance(asset);
          expect(held * 10n ** BigInt(12 - scale)).toBe(expected[asset]);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('never takes more from a level than it shows, nor again what was taken before the level changed', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const { seen } = new Story(false, 'quote').run(all);
        const used = new Map<string, { quantity: string; taken: bigint }>();
        for (const { levels, trades } of seen) {
          if (levels === undefined) continue;
          for (const [key, level] of used) {
            const [side, text] = key.split('|') as ['buy' | 'sell', string];
            const shown = levels[side].find(([levelPrice]) => levelPrice === text);
            const maxDrawdown = levels[side].length < 3 ? undefined : levels[side][2]?.[0];
            const isHidden =
              maxDrawdown !== undefined && (side === 'buy' ? cents(text) > cents(maxDrawdown) : cents(text) < cents(maxDrawdown));
            if (shown === undefined ? !isHidden : shown[1] !== level.quantity) used.delete(key);
          }
          for (const trade of trades.filter(({ liquidity }) => liquidity === 'taker')) {
            const shown = levels[trade.side].find(([levelPrice]) => cents(levelPrice) === cents(trade.price ?? '0'));
            expect(shown).toBeDefined();
            const key = `${trade.side}|${shown?.[0]}`;
            const taken = (used.get(key)?.taken ?? 0n) + units(trade.quantity);
            expect(taken).toBeLessThanOrEqual(units(shown?.[1] ?? '0'));
            used.set(key, { quantity: shown?.[1] ?? '', taken });
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it('fills nothing before decision plus latency, nothing from a bar that was open by then, nothing beyond a limit', () => {
    fc.assert(
      fc.property(fc.boolean(), steps, (hasCandles, all) => {
        const { seen, sent } = new Story(hasCandles, 'quote').run(all);
        for (const { time, bar, trades } of seen) {
          for (const trade of trades) {
            const from = (sent.get(trade.clientOrderId)?.now ?? 0) + (hasCandles ? 0 : 100);
            expect(timeOf(trade)).toBeGreaterThanOrEqual(from);
            expect(timeOf(trade)).toBeLessThanOrEqual(time);
            if (bar !== undefined) expect(bar.openTime).toBeGreaterThanOrEqual(from);
            const limit = sent.get(trade.clientOrderId)?.price ?? null;
            if (limit === null) continue;
            const beyond = cents(trade.price ?? '0') - cents(limit);
            expect(trade.side === 'buy' ? beyond : -beyond).toBeLessThanOrEqual(0);
            if (bar === undefined || trade.liquidity !== 'maker') continue;
            if (trade.side === 'buy') expect(cents(bar.low)).toBeLessThan(cents(limit));
            else expect(cents(bar.high)).toBeGreaterThan(cents(limit));
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it('fills no more of a bar than a quarter of its volume, all orders together, and nothing where none was traded', () => {
    fc.assert(
      fc.property(fc.boolean(), steps, (hasCandles, all) => {
        const { seen } = new Story(hasCandles, 'quote').run(all);
        for (const { bar, trades } of seen) {
          if (bar === undefined || bar.volume === null) continue;
          const filled = trades.reduce((sum, trade) => sum + units(trade.quantity), 0n);
          expect(filled * 4n).toBeLessThanOrEqual(units(bar.volume));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('fills no order beyond its quantity, closes it once, and never uses an execution id twice', () => {
    fc.assert(
      fc.property(fc.boolean(), paidIn, steps, (hasCandles, fees, all) => {
        const { market, sent } = new Story(hasCandles, fees).run(all);
        expect(new Set(market.reports.map(({ executionId }) => executionId)).size).toBe(market.reports.length);
        for (const [name, { quantity: wanted }] of sent) {
          const reports = market.reports.filter((report) => report.clientOrderId === name);
          const filled = reports.reduce((sum, report) => sum + units(report.quantity), 0n);
          expect(filled).toBeLessThanOrEqual(units(wanted));
          const ends = reports.filter(({ executionType }) => ['rejected', 'canceled', 'expired'].includes(executionType));
          expect(ends.length + (filled === units(wanted) ? 1 : 0)).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('fills at the open of a candle without regard to what came after the open', () => {
    fc.assert(
      fc.property(price, fourPrices, fourPrices, fc.constantFrom('buy' as const, 'sell' as const), (open, some, others, side) => {
        const fillAtOpen = (prices: readonly string[]) => {
          const market = new PaperMarket('candles', { balances: { USD: '1500', BTC: '8' } });
          market.approve({ name: 'market', now: 0, side });
          market.approve({ name: 'ioc', now: 0, side, price: '100', timeInForce: 'IOC' });
          const sorted = [...prices, open].sort((a, b) => Number(a) - Number(b));
          market.bar(0, [open, sorted.at(-1) ?? open, sorted[0] ?? open, prices[0] ?? open], 4);
          return lines(market.reports);
        };
        expect(fillAtOpen(some)).toEqual(fillAtOpen(others));
      }),
      { numRuns: 50 },
    );
  });

  it('goes on from a snapshot taken anywhere exactly as it would have', () => {
    fc.assert(
      fc.property(fc.boolean(), steps, steps, (hasCandles, before, after) => {
        const straight = new Story(hasCandles, 'quote').run(before);
        const resumed = new Story(hasCandles, 'quote').run(before);
        resumed.market.engine.restore(resumed.market.engine.snapshot());
        expect(lines(resumed.run(after).market.reports)).toEqual(lines(straight.run(after).market.reports));
      }),
      { numRuns: 50 },
    );
  });
});
