/** Trading at random for tests: signals, people's orders, fills with fees in any asset, cancels, halts and bars. */

import fc from 'fast-check';
import type { EventData } from '../../../src/domain/catalogue.ts';
import { desk } from '../../../src/domain/desk/desk.ts';
import type { Reactor } from '../../../src/domain/engine/reactor.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { all, CANDLES, CROSS, PAPER, Scene } from '../given.ts';

const PLACES = 24;

/** A decimal text as an integer of 10^-24, read without the code under test. */
export function units(text: string): bigint {
  const isNegative = text.startsWith('-');
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.');
  const value = BigInt(whole + fraction.padEnd(PLACES, '0'));
  return isNegative ? -value : value;
}

export function formatUnits(value: bigint): string {
  const digits = value.toString().padStart(PLACES + 1, '0');
  return `${digits.slice(0, -PLACES)}.${digits.slice(-PLACES)}`.replace(/\.?0+$/, '');
}

/** The product of two, exact or it throws. */
export function times(a: bigint, b: bigint): bigint {
  const scale = 10n ** BigInt(PLACES);
  if ((a * b) % scale !== 0n) throw new Error('not exact');
  return (a * b) / scale;
}

export type Action =
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

export const action: fc.Arbitrary<Action> = fc.oneof(
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

export const OPENING = { USDT: '1000000', BTC: '1.5', BNB: '3.123456' };

/** Too wide to bind often, so that each is counted. */
const WIDE = { positionSize: '999999999', dailyLoss: '999999999', drawdown: '1', concentration: '999', leverage: '999' };

export function newScene(kind: 'spot' | 'perpetual', reactors: readonly Reactor[] = [desk], account: object = {}): Scene {
  const scene = new Scene(reactors);
  scene.settings({
    instruments: [
      { ...BTCUSDT, kind },
      { ...BTCUSDT, kind, symbol: 'ETHUSDT', base: 'ETH' },
    ],
    feeds: [CANDLES, { ...CANDLES, symbol: 'ETHUSDT' }],
    accounts: [{ ...PAPER, balances: OPENING, limits: WIDE, ...account }],
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
export type Trade = Extract<Action, { kind: 'fill' }> & { readonly order: EventData['OrderApproved'] };

export function play(scene: Scene, actions: readonly Action[]): Trade[] {
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
