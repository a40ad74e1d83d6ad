/**
 * What was bought, sold, paid and held always adds up, to the last digit: an independent ledger in integers of 10^-24
 * is kept from the reports alone, and compared with what the desk recorded.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterFill, flatPosition } from '../../../src/domain/account/position.ts';
import type { EventData } from '../../../src/domain/catalogue.ts';
import { parseDecimal } from '../../../src/domain/decimal.ts';
import { desk } from '../../../src/domain/desk/desk.ts';
import type { Reactor } from '../../../src/domain/engine/reactor.ts';
import { paperVenue } from '../../../src/domain/venue/paper/paper-venue.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { all, CANDLES, CROSS, PAPER, Scene } from '../given.ts';

const PLACES = 24;

/** A decimal text as an integer of 10^-24, read without the code under test. */
function units(text: string): bigint {
  const isNegative = text.startsWith('-');
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.');
  const value = BigInt(whole + fraction.padEnd(PLACES, '0'));
  return isNegative ? -value : value;
}

function formatUnits(value: bigint): string {
  const digits = value.toString().padStart(PLACES + 1, '0');
  return `${digits.slice(0, -PLACES)}.${digits.slice(-PLACES)}`.replace(/\.?0+$/, '');
}

/** The product of two, exact or it throws. */
function times(a: bigint, b: bigint): bigint {
  const scale = 10n ** BigInt(PLACES);
  if ((a * b) % scale !== 0n) throw new Error('not exact');
  return (a * b) / scale;
}

type Action =
  | { readonly kind: 'signal'; readonly side: 'buy' | 'sell'; readonly strategy: 'cross' | 'other' }
  | { readonly kind: 'request'; readonly side: 'buy' | 'sell'; readonly quantity: string; readonly symbol: string }
  | { readonly kind: 'cancel'; readonly pick: number }
  | { readonly kind: 'bar'; readonly close: string; readonly symbol: string }
  | { readonly kind: 'end'; readonly pick: number; readonly how: 'canceled' | 'expired' | 'rejected' | 'new' }
  | {
      readonly kind: 'fill';
      readonly pick: number;
      readonly quantity: string;
      readonly price: string;
      readonly fee: string;
      readonly feeAsset: string;
      readonly isAgain: boolean;
    }
  | { readonly kind: 'flatten' }
  | { readonly kind: 'resume' };

const symbol = fc.constantFrom('BTCUSDT', 'ETHUSDT');
const price = fc.integer({ min: 100, max: 9_999_999 }).map((cents) => (cents / 100).toFixed(2));
const quantity = fc.integer({ min: 1, max: 300_000 }).map((lots) => (lots / 100_000).toFixed(5));
const fee = fc.integer({ min: -50, max: 2_000 }).map((amount) => (amount / 100_000_000).toFixed(8));
const pick = fc.nat(1_000);

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('signal' as const),
      side: fc.constantFrom('buy', 'sell'),
      strategy: fc.constantFrom('cross', 'other'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('request' as const), side: fc.constantFrom('buy', 'sell'), quantity, symbol }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('bar' as const), close: price, symbol }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      pick,
      how: fc.constantFrom('canceled', 'expired', 'rejected', 'new'),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('fill' as const),
      pick,
      quantity,
      price,
      fee,
      feeAsset: fc.constantFrom('USDT', 'BTC', 'ETH', 'BNB'),
      isAgain: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('flatten' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('resume' as const) }) },
);

const OPENING = { USDT: '1000000', BTC: '1.5', BNB: '3.123456' };

function newScene(kind: 'spot' | 'perpetual', reactors: readonly Reactor[] = [desk], account: object = {}): Scene {
  const scene = new Scene(reactors);
  scene.settings({
    instruments: [
      { ...BTCUSDT, kind },
      { ...BTCUSDT, kind, symbol: 'ETHUSDT', base: 'ETH' },
    ],
    feeds: [CANDLES, { ...CANDLES, symbol: 'ETHUSDT' }],
    accounts: [{ ...PAPER, balances: OPENING, ...account }],
    strategies: [
      { ...CROSS, size: { quantity: '1.23456' } },
      {
        ...CROSS,
        name: 'other',
        symbol: 'ETHUSDT',
        size: { equityFraction: '0.3' },
        mode: kind === 'spot' ? 'long-flat' : 'long-short',
      },
    ],
  });
  scene.begin();
  scene.begin('binance', 'ETHUSDT');
  scene.bar('60000');
  scene.bar('3000', { symbol: 'ETHUSDT' });
  return scene;
}

/** Every trade that a venue reported, once. */
type Trade = Extract<Action, { kind: 'fill' }> & { readonly order: EventData['OrderApproved'] };

function play(scene: Scene, actions: readonly Action[]): Trade[] {
  const trades: Trade[] = [];
  for (const next of actions) {
    scene.now += 1_000;
    const orders = all(scene.tape, 'OrderApproved');
    const order = 'pick' in next && orders.length > 0 ? orders[next.pick % orders.length] : undefined;
    if (next.kind === 'signal') {
      scene.signal(next.side, { strategy: next.strategy, symbol: next.strategy === 'cross' ? 'BTCUSDT' : 'ETHUSDT' });
    } else if (next.kind === 'request') scene.order(next.side, next.quantity, { symbol: next.symbol });
    else if (next.kind === 'bar') scene.bar(next.close, { symbol: next.symbol });
    else if (next.kind === 'flatten') scene.halt({ scope: { strategy: 'cross' }, flatten: true, cancelOpen: true });
    else if (next.kind === 'resume') scene.resume({ strategy: 'cross' });
    else if (order === undefined) continue;
    else if (next.kind === 'cancel') {
      scene.when('OrderCancelRequested', { orderId: order.orderId, account: order.account, reason: null });
    } else if (next.kind === 'end') scene.report(order, next.how);
    else if (next.kind === 'fill') {
      const trade = { tradeId: `trade-${trades.length}`, fee: next.fee, feeAsset: next.feeAsset };
      scene.fill(order, next.quantity, next.price, trade);
      if (next.isAgain) scene.fill(order, next.quantity, next.price, trade);
      trades.push({ ...next, order });
    }
  }
  return trades;
}

/** The last balance of each asset on the tape. */
function recordedBalances(scene: Scene): Record<string, bigint> {
  return Object.fromEntries(all(scene.tape, 'BalanceChanged').map(({ asset, balance }) => [asset, units(balance)]));
}

/** The last state of each position on the tape. */
function recordedPositions(scene: Scene): EventData['PositionChanged'][] {
  return [
    ...new Map(all(scene.tape, 'PositionChanged').map((changed) => [`${changed.strategy} ${changed.symbol}`, changed])).values(),
  ];
}

function lastClose(scene: Scene, symbol: string): bigint {
  return units(all(scene.tape, 'BarClosed').findLast((bar) => bar.symbol === symbol)?.close ?? '');
}

function baseOf(trade: Trade): string {
  return trade.order.symbol === 'BTCUSDT' ? 'BTC' : 'ETH';
}

function signed(trade: Trade): bigint {
  return trade.order.side === 'buy' ? units(trade.quantity) : -units(trade.quantity);
}

describe('What is bought, sold, paid and held adds up to the last digit', () => {
  it('in balances, positions, profit and equity where assets are held', () => {
    fc.assert(
      fc.property(fc.array(action, { minLength: 5, maxLength: 40 }), (actions) => {
        const scene = newScene('spot');
        const trades = play(scene, actions);

        const balances: Record<string, bigint> = {};
        const move = (asset: string, change: bigint) => {
          balances[asset] = (balances[asset] ?? 0n) + change;
        };
        for (const [asset, amount] of Object.entries(OPENING)) move(asset, units(amount));
        for (const trade of trades) {
          move(baseOf(trade), signed(trade));
          move('USDT', -times(signed(trade), units(trade.price)));
          move(trade.feeAsset, -units(trade.fee));
        }
        const recorded = recordedBalances(scene);
        for (const asset of ['USDT', 'BTC', 'ETH', 'BNB']) expect(recorded[asset] ?? 0n).toBe(balances[asset] ?? 0n);

        for (const position of recordedPositions(scene)) {
          const own = trades.filter(({ order }) => order.strategy === position.strategy && order.symbol === position.symbol);
          const held = own.map((trade) => signed(trade) - (trade.feeAsset === baseOf(trade) ? units(trade.fee) : 0n));
          expect(units(position.quantity)).toBe(held.reduce((a, b) => a + b, 0n));
          const paid = own.map((trade) => times(signed(trade), units(trade.price))).reduce((a, b) => a + b, 0n);
          expect(units(position.cost) - units(position.realizedProfit)).toBe(paid);
          if (units(position.quantity) === 0n) expect(position.cost).toBe('0');
        }

        const marks = { BTC: lastClose(scene, 'BTCUSDT'), ETH: lastClose(scene, 'ETHUSDT') };
        scene.resume({ account: 'paper-1' });
        const worth = (balances.USDT ?? 0n) + times(balances.BTC ?? 0n, marks.BTC) + times(balances.ETH ?? 0n, marks.ETH);
        expect(units(scene.last('AccountMarked').equity)).toBe(worth);
        expect(units(scene.last('AccountMarked').cash)).toBe(balances.USDT);
      }),
      { numRuns: 250 },
    );
  });

  it('in cash, positions, profit and equity where positions are settled', () => {
    fc.assert(
      fc.property(fc.array(action, { minLength: 5, maxLength: 40 }), (actions) => {
        const scene = newScene('perpetual');
        const trades = play(scene, actions);
        const positions = recordedPositions(scene);
        const realized = positions.map(({ realizedProfit }) => units(realizedProfit)).reduce((a, b) => a + b, 0n);
        const fees = (asset: string) => trades.filter((t) => t.feeAsset === asset).reduce((sum, t) => sum + units(t.fee), 0n);
        const recorded = recordedBalances(scene);
        expect(recorded.USDT).toBe(units(OPENING.USDT) + realized - fees('USDT'));
        expect(recorded.BNB).toBe(units(OPENING.BNB) - fees('BNB'));
        let flows = 0n;
        for (const trade of trades) flows += times(signed(trade), units(trade.price));
        const cost = positions.map((position) => units(position.cost)).reduce((a, b) => a + b, 0n);
        expect(cost - realized).toBe(flows);
      }),
      { numRuns: 120 },
    );
  });
});

describe('What the paper venue fills', () => {
  const paidIn = fc.constantFrom('quote', 'base', { asset: 'ETH', price: '3000' }, { asset: 'BNB', price: '300' });
  const moves = fc.array(
    action.filter(({ kind }) => kind !== 'fill' && kind !== 'end'),
    { minLength: 10, maxLength: 60 },
  );

  it('never takes a fee from what a strategy holds, whatever fees are paid in', () => {
    fc.assert(
      fc.property(paidIn, moves, (fees, actions) => {
        const opening = { USDT: '1000000', BTC: '0.5', ETH: '0.001', BNB: '0.01' };
        const scene = newScene('spot', [paperVenue, desk], {
          balances: opening,
          fees: { maker: '0.001', taker: '0.002', paidIn: fees },
        });
        // What waits for a bar has one between any two moves.
        for (const next of actions) {
          play(scene, [next]);
          scene.now += 60_000;
          for (const symbol of ['BTCUSDT', 'ETHUSDT']) scene.bar(formatUnits(lastClose(scene, symbol)), { symbol });
        }
        const balances = recordedBalances(scene);
        const held: Record<string, bigint> = {};
        for (const { strategy, symbol, quantity } of recordedPositions(scene)) {
          const amount = units(quantity);
          if (strategy !== 'manual') expect(amount).toBeGreaterThanOrEqual(0n);
          const base = symbol.replace('USDT', '');
          if (amount > 0n) held[base] = (held[base] ?? 0n) + amount;
        }
        for (const [asset, amount] of Object.entries(held)) expect(balances[asset] ?? 0n).toBeGreaterThanOrEqual(amount);
        expect(all(scene.tape, 'OrderAnomalyDetected')).toEqual([]);
        for (const [asset, amount] of Object.entries(opening)) {
          const changes = all(scene.tape, 'BalanceChanged').filter((changed) => changed.asset === asset);
          expect(changes.reduce((sum, { change }) => sum + units(change), 0n)).toBe(balances[asset] ?? units(amount));
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('A position', () => {
  const D = parseDecimal;

  it('takes its cost out in proportion when it is reduced, rounded at 12 places', () => {
    const bought = afterFill(flatPosition('s', 'v', 'X'), 'buy', D('3'), D('100'), D('0'));
    const reduced = afterFill(bought, 'sell', D('1'), D('40'), D('0'));
    expect(reduced.cost).toEqual(D('66.666666666667'));
    expect(reduced.realized).toEqual(D('6.666666666667'));
    const closed = afterFill(reduced, 'sell', D('2'), D('60'), D('0'));
    expect([closed.quantity.units, closed.cost.units, closed.realized]).toEqual([0n, 0n, D('0.000000000000')]);
  });

  it('is closed and opened on the other side by what crosses zero', () => {
    const short = afterFill(flatPosition('s', 'v', 'X'), 'sell', D('2'), D('200'), D('0'));
    expect(short).toMatchObject({ quantity: D('-2'), cost: D('-200') });
    const long = afterFill(short, 'buy', D('3'), D('270'), D('0'));
    expect(long.quantity).toEqual(D('1'));
    expect(Number(long.cost.units) / 10 ** long.cost.scale).toBe(90);
    expect(Number(long.realized.units) / 10 ** long.realized.scale).toBe(20);
  });
});
