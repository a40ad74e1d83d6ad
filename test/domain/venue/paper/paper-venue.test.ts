import { describe, expect, it } from 'vitest';
import { formatDecimal } from '../../../../src/domain/decimal.ts';
import { Engine } from '../../../../src/domain/engine/engine.ts';
import { account } from '../../../../src/domain/settings/settings.ts';
import { paperVenue } from '../../../../src/domain/venue/paper/paper-venue.ts';
import { makeId } from '../../../../src/tape/id.ts';
import { barOf } from '../../../support/fixtures.ts';
import { at, candle, lines, orderId, PaperMarket } from './paper-market.ts';

const BTC = { balances: { USD: '1000', BTC: '2' } };

describe('an order that arrives at the paper venue', () => {
  it('is accepted when its account can pay for it at its limit with the dearer fee', () => {
    const market = new PaperMarket('candles');
    // 9.98 x 100 x 1.002 = 999.996
    expect(lines(market.approve({ name: 'a', now: 0, quantity: '9.98', price: '100' }))).toEqual(['a new']);
  });

  it('is rejected when it cannot', () => {
    const market = new PaperMarket('candles');
    // 9.981 x 100 x 1.002 = 1000.0962
    expect(lines(market.approve({ name: 'a', now: 0, quantity: '9.981', price: '100' }))).toEqual([
      'a rejected insufficient-funds',
    ]);
  });

  it('reserves a market purchase at the expected price plus slippage and fee', () => {
    // 100 x 1.01 x 1.002 = 101.202 each: 9.881 come to 999.97..., 9.882 to 1000.07...
    expect(lines(new PaperMarket('candles').approve({ name: 'a', now: 0, quantity: '9.881' }))).toEqual(['a new']);
    expect(lines(new PaperMarket('candles').approve({ name: 'a', now: 0, quantity: '9.882' }))).toEqual([
      'a rejected insufficient-funds',
    ]);
  });

  it('expects the ask where a book is known', () => {
    // 102 x 1.01 x 1.002 = 103.22604 each: 9.687 come to 999.95...
    const market = new PaperMarket('book');
    expect(lines(market.approve({ name: 'a', now: 0, quantity: '9.688', ask: '102' }))).toEqual([
      'a rejected insufficient-funds',
    ]);
    expect(lines(market.approve({ name: 'b', now: 0, quantity: '9.687', ask: '102' }))).toEqual(['b new']);
  });

  it('cannot use what an open order reserves, until that is canceled', () => {
    const market = new PaperMarket('candles');
    market.approve({ name: 'a', now: 0, quantity: '6', price: '100' });
    expect(lines(market.approve({ name: 'b', now: 0, quantity: '6', price: '100' }))).toEqual(['b rejected insufficient-funds']);
    market.cancel('a', 0);
    expect(lines(market.approve({ name: 'c', now: 0, quantity: '6', price: '100' }))).toEqual(['c new']);
  });

  it('cannot sell more than is held and not already being sold', () => {
    const market = new PaperMarket('candles', BTC);
    expect(lines(market.approve({ name: 'a', now: 0, side: 'sell', quantity: '1.5', price: '200' }))).toEqual(['a new']);
    expect(lines(market.approve({ name: 'b', now: 0, side: 'sell', quantity: '0.501' }))).toEqual([
      'b rejected insufficient-funds',
    ]);
    expect(lines(market.approve({ name: 'c', now: 0, side: 'sell', quantity: '0.5' }))).toEqual(['c new']);
  });

  it('is rejected for an instrument that the venue does not trade, or a limit without a price', () => {
    const market = new PaperMarket('candles');
    expect(lines(market.approve({ name: 'a', now: 0, symbol: 'ETHUSD' }))).toEqual(['a rejected instrument-not-traded']);
    expect(lines(market.approve({ name: 'b', now: 0, type: 'limit', price: null }))).toEqual(['b rejected invalid-price']);
  });

  it('is rejected when its account has 200 open orders', () => {
    const market = new PaperMarket('candles');
    for (let n = 0; n < 200; n++) market.approve({ name: `o${n}`, now: 0, quantity: '0.001', price: '1' });
    expect(lines(market.approve({ name: 'last', now: 0, quantity: '0.001', price: '1' }))).toEqual([
      'last rejected too-many-open-orders',
    ]);
  });

  it('is nobody else’s business: an order of an account elsewhere is left alone', () => {
    expect(new PaperMarket('candles').approve({ name: 'a', now: 0, account: 'real' })).toEqual([]);
  });
});

describe('a market order where only candles are known', () => {
  it('fills at the open of the next candle plus slippage, rounded up to the tick, booked at its open time', () => {
    const market = new PaperMarket('candles');
    market.approve({ name: 'a', now: 0 });
    // 100.333 x 1.01 = 101.33633 -> 101.34; fee 101.34 x 0.002
    expect(lines(candle(market, 0, ['100.333', '110', '90', '95']))).toEqual([
      'a trade 1 @ 101.34 taker, fee 0.20268 USD, so far 1, 12:00:00.000',
    ]);
    expect(formatDecimal(market.balance('USD'))).toBe('898.45732');
    expect(formatDecimal(market.balance('BTC'))).toBe('1');
  });

  it('sells at the open less slippage, rounded down', () => {
    const market = new PaperMarket('candles', BTC);
    market.approve({ name: 'a', now: 0, side: 'sell', quantity: '2' });
    // 100.333 x 0.99 = 99.32967 -> 99.32; fee 198.64 x 0.002
    expect(lines(candle(market, 0, ['100.333', '110', '90', '95']))).toEqual([
      'a trade 2 @ 99.32 taker, fee 0.39728 USD, so far 2, 12:00:00.000',
    ]);
    expect(formatDecimal(market.balance('USD'))).toBe('1198.24272');
  });

  it('never uses a candle that opened before it was approved', () => {
    const market = new PaperMarket('candles');
    market.approve({ name: 'a', now: 1 });
    expect(candle(market, 0, ['100', '100', '100', '100'])).toEqual([]);
    expect(lines(candle(market, 2, ['50', '50', '50', '50']))).toEqual([
      'a trade 1 @ 50.5 taker, fee 0.101 USD, so far 1, 20:00:00.000',
    ]);
  });

  it('goes by the account’s now, not by the clock of the person who asked', () => {
    const market = new PaperMarket('candles');
    market.approve({ name: 'a', now: 9e9, sendBy: at(5000) });
    expect(candle(market, 0, ['100', '100', '100', '100'])).toHaveLength(1);
  });

  it('takes no notice of longer bars, which the engine made', () => {
    const market = new PaperMarket('candles');
    market.approve({ name: 'a', now: 0 });
    const before = market.reports.length;
    const times = { openTime: at(0), closeTime: at(86_400_000) };
    const bar = barOf({ symbol: 'BTCUSD', interval: '1d', ...times, close: '1' });
    market.give('BarClosed', bar, at(86_400_000), 'bars');
    market.give('BarClosed', { ...bar, interval: '4h' }, at(86_400_000), 'bars');
    expect(market.reports).toHaveLength(before);
  });

  it('fills what the funds cover when the price has run away, and the rest expires', () => {
    const market = new PaperMarket('candles');
    market.approve({ name: 'a', now: 0, quantity: '5' });
    // 250 x 1.01 = 252.5, with fee 253.005: 1000 pays for 3.952...
    expect(lines(candle(market, 0, ['250', '250', '250', '250']))).toEqual([
      'a trade 3.952 @ 252.5 taker, fee 1.99576 USD, so far 3.952, 12:00:00.000',
      'a expired insufficient-funds',
    ]);
    expect(formatDecimal(market.balance('USD'))).toBe('0.12424');
  });

  it('leaves alone what other orders have reserved', () => {
    const market = new PaperMarket('candles');
    market.approve({ name: 'rest', now: 0, quantity: '4', price: '100' });
    market.approve({ name: 'a', now: 0, quantity: '5' });
    // 1000 - 400.8 = 599.2 pays for 2.368... at 253.005
    expect(lines(candle(market, 0, ['250', '250', '250', '250']))).toEqual([
      'a trade 2.368 @ 252.5 taker, fee 1.19584 USD, so far 2.368, 12:00:00.000',
      'a expired insufficient-funds',
    ]);
  });
});

describe('a limit order where only candles are known', () => {
  const buyAt100 = { name: 'a', now: 0, price: '100' };

  it('fills as a taker at an open that is better than its limit', () => {
    const market = new PaperMarket('candles');
    market.approve(buyAt100);
    expect(lines(candle(market, 0, ['98', '99', '97', '98']))).toEqual([
      'a trade 1 @ 98 taker, fee 0.196 USD, so far 1, 12:00:00.000',
    ]);
  });

  it('fills as a maker at its limit when a candle trades through it, known at the candle’s close', () => {
    const market = new PaperMarket('candles');
    market.approve(buyAt100);
    expect(lines(candle(market, 0, ['101', '102', '99.99', '102']))).toEqual([
      'a trade 1 @ 100 maker, fee 0.1 USD, so far 1, 16:00:00.000',
    ]);
  });

  it('does not fill when the market only touches it', () => {
    const market = new PaperMarket('candles');
    market.approve(buyAt100);
    expect(candle(market, 0, ['101', '102', '100', '102'])).toEqual([]);
  });

  it('fills as a maker at a later open beyond its limit', () => {
    const market = new PaperMarket('candles');
    market.approve(buyAt100);
    candle(market, 0, ['101', '102', '100', '102']);
    expect(lines(candle(market, 1, ['95', '96', '94', '95']))).toEqual([
      'a trade 1 @ 95 maker, fee 0.095 USD, so far 1, 16:00:00.000',
    ]);
  });

  it('sells by the same rules', () => {
    const market = new PaperMarket('candles', BTC);
    market.approve({ name: 's', now: 0, side: 'sell', price: '105' });
    expect(candle(market, 0, ['100', '105', '99', '104'])).toEqual([]);
    expect(lines(candle(market, 1, ['104', '105.01', '99', '104']))).toEqual([
      's trade 1 @ 105 maker, fee 0.105 USD, so far 1, 20:00:00.000',
    ]);
  });

  it('as IOC fills at the open when that is at or better than its limit, else expires', () => {
    const market = new PaperMarket('candles');
    market.approve({ ...buyAt100, timeInForce: 'IOC' });
    market.approve({ ...buyAt100, name: 'b', price: '99.99', timeInForce: 'IOC' });
    expect(lines(candle(market, 0, ['100', '101', '90', '95']))).toEqual([
      'a trade 1 @ 100 taker, fee 0.2 USD, so far 1, 12:00:00.000',
      'b expired unfilled-rest',
    ]);
  });

  it('comes after what was filled at the same candle’s open', () => {
    const market = new PaperMarket('candles');
    market.approve({ ...buyAt100, name: 'rests' });
    market.approve({ name: 'market', now: 0 });
    const trades = candle(market, 0, ['101', '102', '99', '102']).map((report) => report.clientOrderId);
    expect(trades).toEqual(['market', 'rests']);
  });
});

describe('a cancel', () => {
  it('takes an open order out of the market', () => {
    const market = new PaperMarket('candles');
    market.approve({ name: 'a', now: 0, price: '100' });
    expect(lines(market.cancel('a', 10))).toEqual(['a canceled']);
    expect(candle(market, 1, ['90', '90', '90', '90'])).toEqual([]);
  });

  it('is rejected for an order that is closed, and for one that was never there', () => {
    const market = new PaperMarket('candles');
    market.approve({ name: 'a', now: 0 });
    candle(market, 0, ['100', '100', '100', '100']);
    const [closed] = market.cancel('a', 20);
    expect(closed).toMatchObject({ executionType: 'cancel-rejected', reason: 'already-closed', cumulativeQuantity: '1' });
    const [unknown] = market.cancel('b', 20);
    expect(unknown).toMatchObject({ executionType: 'cancel-rejected', reason: 'unknown-order', orderId: orderId('b') });
  });
});

describe('fees', () => {
  const third = (balance: string) => ({
    balances: { USD: '1000', BTC: '2', BNB: balance },
    fees: { maker: '0.001', taker: '0.002', paidIn: { asset: 'BNB', price: '300' } },
  });

  it('in the base asset come out of what was bought', () => {
    const market = new PaperMarket('candles', { fees: { maker: '0.001', taker: '0.002', paidIn: 'base' } });
    market.approve({ name: 'a', now: 0 });
    expect(lines(candle(market, 0, ['100', '100', '100', '100']))).toEqual([
      'a trade 1 @ 101 taker, fee 0.002 BTC, so far 1, 12:00:00.000',
    ]);
    expect(formatDecimal(market.balance('BTC'))).toBe('0.998');
    expect(formatDecimal(market.balance('USD'))).toBe('899');
  });

  it('in the base asset are what is received: a sale pays in the quote asset, whatever else the account holds', () => {
    const fees = { maker: '0.001', taker: '0.002', paidIn: 'base' as const };
    const market = new PaperMarket('candles', { ...BTC, fees });
    market.approve({ name: 'a', now: 0, side: 'sell', quantity: '1' });
    expect(lines(candle(market, 0, ['100', '100', '100', '100']))).toEqual([
      'a trade 1 @ 99 taker, fee 0.198 USD, so far 1, 12:00:00.000',
    ]);
    expect(formatDecimal(market.balance('BTC'))).toBe('1');
    expect(formatDecimal(market.balance('USD'))).toBe('1098.802');
  });

  it('in a third asset are the notional’s part over its price, rounded up at 8 places', () => {
    const market = new PaperMarket('candles', third('1'));
    market.approve({ name: 'a', now: 0 });
    // 101 x 0.002 / 300 = 0.000673333...
    expect(lines(candle(market, 0, ['100', '100', '100', '100']))).toEqual([
      'a trade 1 @ 101 taker, fee 0.00067334 BNB, so far 1, 12:00:00.000',
    ]);
    expect(formatDecimal(market.balance('BNB'))).toBe('0.99932666');
    expect(formatDecimal(market.balance('USD'))).toBe('899');
  });

  it('in an asset that is the base or the quote itself are charged as those are, at no price', () => {
    const feeOf = (asset: string) => {
      const market = new PaperMarket('candles', { fees: { maker: '0.001', taker: '0.002', paidIn: { asset, price: '7' } } });
      market.approve({ name: 'a', now: 0 });
      const [trade] = candle(market, 0, ['100', '100', '100', '100']);
      return [trade?.fee, trade?.feeAsset];
    };
    expect(feeOf('BTC')).toEqual(['0.002', 'BTC']);
    expect(feeOf('USD')).toEqual(['0.202', 'USD']);
  });

  it('in a third asset are charged in the quote asset where that is not the currency of the asset’s price', () => {
    const market = new PaperMarket('candles', { ...third('1'), currency: 'EUR' });
    market.approve({ name: 'a', now: 0 });
    expect(candle(market, 0, ['100', '100', '100', '100'])).toMatchObject([{ fee: '0.202', feeAsset: 'USD' }]);
  });

  it('in a third asset that does not cover them are paid in the quote asset', () => {
    const market = new PaperMarket('candles', third('0.0006'));
    market.approve({ name: 'a', now: 0 });
    expect(lines(candle(market, 0, ['100', '100', '100', '100']))).toEqual([
      'a trade 1 @ 101 taker, fee 0.202 USD, so far 1, 12:00:00.000',
    ]);
  });
});

describe('terms by which an account would owe more than it trades', () => {
  const terms = { id: 'p', venue: 'paper', currency: 'USD', balances: {}, limits: {} };

  it('are refused by the settings', () => {
    const accepts = (rate: string) => account.safeParse({ ...terms, fees: { maker: '0', taker: rate }, slippage: rate }).success;
    expect(['0', '0.001', '1', '1.0'].map(accepts)).toEqual([true, true, true, true]);
    expect(['1.1', '10', '2', '-0.1'].map(accepts)).toEqual([false, false, false, false]);
  });
});

describe('the state', () => {
  it('goes on from a snapshot as if nothing had happened', () => {
    const market = new PaperMarket('candles');
    market.approve({ name: 'a', now: 0, price: '100' });
    const copy = new Engine([paperVenue], makeId, 'test');
    copy.restore(market.engine.snapshot());
    const before = copy.snapshot();
    candle(market, 0, ['90', '90', '90', '90']);
    expect(copy.snapshot()).toEqual(before);
    copy.restore(market.engine.snapshot());
    expect(copy.snapshot()).toEqual(market.engine.snapshot());
  });

  it('is not shared with its snapshots, neither when they are taken nor when they are put back', () => {
    const market = new PaperMarket('candles');
    market.approve({ name: 'a', now: 0, price: '100' });
    const snapshot = market.engine.snapshot();
    const untouched = structuredClone(snapshot);
    candle(market, 0, ['90', '90', '90', '90']);
    expect(snapshot).toEqual(untouched);
    market.engine.restore(snapshot);
    candle(market, 1, ['80', '80', '80', '80']);
    expect(snapshot).toEqual(untouched);
  });

  it('keeps nothing of a closed order but its name, and forgets that in the end', () => {
    const market = new PaperMarket('candles');
    for (let n = 0; n < 300; n++) {
      market.approve({ name: `o${n}`, now: 0, quantity: '0.001', price: '1' });
      market.cancel(`o${n}`, 0);
    }
    const state = market.state();
    expect([...state.markets.values()].map(({ orders }) => orders.size)).toEqual([0]);
    expect(state.closed.size).toBe(256);
  });
});
