/** Fees are paid from what a fill brings, from the quote asset or from what nobody holds: no strategy pays another's. */

import { describe, expect, it } from 'vitest';
import { desk } from '../../../src/domain/desk/desk.ts';
import { paperVenue } from '../../../src/domain/venue/paper/paper-venue.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { all, CANDLES, CROSS, only, PAPER, Scene } from '../given.ts';

const BNBUSDT = { ...BTCUSDT, symbol: 'BNBUSDT', base: 'BNB' };
const IN_BNB = { maker: '0.001', taker: '0.001', paidIn: { asset: 'BNB', price: '300' } };

/** Two strategies in BTC and one in BNB, in one account; the desk with the paper venue, unless reports are a live venue's. */
function trading(account: Record<string, unknown>, reactors = [paperVenue, desk]): Scene {
  const scene = new Scene(reactors);
  scene.settings({
    instruments: [BTCUSDT, BNBUSDT],
    feeds: [CANDLES, { ...CANDLES, symbol: 'BNBUSDT' }],
    accounts: [{ ...PAPER, ...account }],
    strategies: [
      { ...CROSS, size: { quantity: '5' } },
      { ...CROSS, name: 'other', size: { quantity: '2' } },
      { ...CROSS, name: 'bnb', symbol: 'BNBUSDT', size: { quantity: '5' } },
    ],
  });
  scene.begin();
  scene.begin('binance', 'BNBUSDT');
  minute(scene, '1000', '300');
  return scene;
}

/** The next minute: a bar of each instrument, at whose open waiting orders are filled. */
function minute(scene: Scene, btc: string, bnb: string) {
  scene.now += 60_000;
  return [...scene.bar(btc), ...scene.bar(bnb, { symbol: 'BNBUSDT' })];
}

function balanceOf(scene: Scene, asset: string): string | undefined {
  return all(scene.tape, 'BalanceChanged').findLast((changed) => changed.asset === asset)?.balance;
}

describe('A fee in the base asset', () => {
  const account = { balances: { USDT: '10000', BTC: '1' }, fees: { maker: '0.001', taker: '0.001', paidIn: 'base' } };

  it('is taken from what a purchase brings, and from the proceeds of a sale: the strategy ends flat, with its own coins alone', () => {
    const scene = trading(account);
    scene.signal('buy');
    // 5 less a thousandth.
    expect(only(minute(scene, '1000', '300'), 'PositionChanged').quantity).toBe('4.995');
    scene.signal('sell');
    const sold = minute(scene, '990', '300');
    // 4.995 x 990 x 0.001
    expect(only(sold, 'OrderFilled')).toMatchObject({ quantity: '4.995', price: '990', fee: '4.94505', feeAsset: 'USDT' });
    expect(only(sold, 'PositionChanged')).toMatchObject({ quantity: '0', cost: '0' });
    expect(balanceOf(scene, 'BTC')).toBe('1');
    // 10000 - 5000 + 4945.05 - 4.94505
    expect(balanceOf(scene, 'USDT')).toBe('9940.10495');
    expect(all(scene.signal('buy'), 'OrderApproved').map(({ quantity }) => quantity)).toEqual(['5']);
  });

  it('leaves the other strategy of the account what it holds, to sell it all', () => {
    const scene = trading({ ...account, balances: { USDT: '10000' } });
    scene.signal('buy');
    scene.signal('buy', { strategy: 'other' });
    minute(scene, '1000', '300');
    scene.signal('sell');
    minute(scene, '1000', '300');
    expect(balanceOf(scene, 'BTC')).toBe('1.998');
    scene.signal('sell', { strategy: 'other' });
    expect(only(minute(scene, '1000', '300'), 'PositionChanged')).toMatchObject({ strategy: 'other', quantity: '0' });
    expect(balanceOf(scene, 'BTC')).toBe('0');
  });
});

describe('A fee in a third asset', () => {
  it('is not taken from what a strategy holds of it, but from the quote asset', () => {
    const scene = trading({ balances: { USDT: '100000' }, fees: IN_BNB });
    scene.signal('buy', { strategy: 'bnb', symbol: 'BNBUSDT' });
    minute(scene, '1000', '300');
    expect(balanceOf(scene, 'BNB')).toBe('4.995');
    scene.signal('buy');
    expect(only(minute(scene, '1000', '300'), 'OrderFilled')).toMatchObject({ fee: '5', feeAsset: 'USDT' });
    expect(balanceOf(scene, 'BNB')).toBe('4.995');
  });

  it('is taken from what nobody holds, as far as that goes, not counting what rests for sale twice', () => {
    const scene = trading({ balances: { USDT: '100000', BNB: '0.02' }, fees: IN_BNB });
    scene.signal('buy', { strategy: 'bnb', symbol: 'BNBUSDT' });
    minute(scene, '1000', '300');
    // What is sold is the strategy's own, and leaves the 0.02 that nobody holds.
    scene.signal('sell', { strategy: 'bnb', symbol: 'BNBUSDT' });
    scene.signal('buy');
    scene.now += 60_000;
    // 5 x 1000 x 0.001 / 300, rounded up at 8 places.
    expect(only(scene.bar('1000'), 'OrderFilled')).toMatchObject({ fee: '0.01666667', feeAsset: 'BNB' });
    scene.signal('sell');
    scene.now += 60_000;
    expect(only(scene.bar('1000'), 'OrderFilled')).toMatchObject({ fee: '5', feeAsset: 'USDT' });
  });

  it('leaves people no more to sell than no strategy holds, when fees have used what the account was opened with', () => {
    const scene = trading({ balances: { USDT: '100000', BNB: '0.02' }, fees: IN_BNB });
    scene.signal('buy', { strategy: 'bnb', symbol: 'BNBUSDT' });
    minute(scene, '1000', '300');
    scene.signal('buy');
    minute(scene, '1000', '300');
    const denied = only(scene.order('sell', '0.02', { symbol: 'BNBUSDT' }), 'OrderDenied');
    expect(denied).toMatchObject({ reason: 'not-enough-to-sell', bound: '0.00333333' });
  });
});

describe('What a live venue reports', () => {
  const live = (balances: Record<string, string>) => trading({ balances }, [desk]);

  it('is booked as it says, and is an anomaly where less is left than the positions say', () => {
    const scene = live({ USDT: '100000' });
    scene.fill(only(scene.signal('buy', { strategy: 'other' }), 'OrderApproved'), '2', '1000');
    scene.fill(only(scene.signal('buy'), 'OrderApproved'), '5', '1000');
    const sale = only(scene.signal('sell'), 'OrderApproved');
    const booked = scene.fill(sale, '5', '1000', { fee: '0.005', feeAsset: 'BTC' });
    expect(only(booked, 'PositionChanged')).toMatchObject({ strategy: 'cross', quantity: '-0.005' });
    expect(balanceOf(scene, 'BTC')).toBe('1.995');
    expect(only(booked, 'OrderAnomalyDetected')).toMatchObject({
      orderId: sale.orderId,
      anomaly: 'balance-below-position',
      detail: expect.stringMatching(/0\.005 BTC is missing .*; the account holds 1\.995 BTC$/),
    });
    // Nobody can sell what is not there.
    expect(only(scene.signal('sell', { strategy: 'other' }), 'OrderApproved').quantity).toBe('1.995');
  });

  it('is an anomaly too where it is paid from coins that are nobody’s, and the next purchase is one order', () => {
    const scene = live({ USDT: '100000', BTC: '1' });
    scene.fill(only(scene.signal('buy'), 'OrderApproved'), '5', '1000');
    const booked = scene.fill(only(scene.signal('sell'), 'OrderApproved'), '5', '1000', { fee: '0.005', feeAsset: 'BTC' });
    expect(only(booked, 'OrderAnomalyDetected').detail).toContain('0.005 BTC is missing');
    expect(all(scene.signal('buy'), 'OrderApproved').map(({ quantity }) => quantity)).toEqual(['5.005']);
  });

  it('is an anomaly once: the next fill makes nothing worse', () => {
    const scene = live({ USDT: '100000' });
    scene.fill(only(scene.signal('buy', { strategy: 'other' }), 'OrderApproved'), '2', '1000', { fee: '0.3', feeAsset: 'BNB' });
    scene.fill(only(scene.signal('buy', { strategy: 'bnb', symbol: 'BNBUSDT' }), 'OrderApproved'), '5', '300');
    const worse = scene.fill(only(scene.signal('buy'), 'OrderApproved'), '1', '1000', { fee: '0.1', feeAsset: 'BNB' });
    expect(only(worse, 'OrderAnomalyDetected').detail).toContain('0.4 BNB is missing');
    const same = scene.fill(only(scene.signal('sell', { strategy: 'other' }), 'OrderApproved'), '2', '1000');
    expect(all(same, 'OrderAnomalyDetected')).toEqual([]);
  });

  it('of people who sell what the account was opened with is none', () => {
    const scene = live({ USDT: '100000', BTC: '1' });
    const sold = scene.fill(only(scene.order('sell', '0.5'), 'OrderApproved'), '0.5', '1000', { fee: '0.0005', feeAsset: 'BTC' });
    expect(all(sold, 'OrderAnomalyDetected')).toEqual([]);
  });
});
