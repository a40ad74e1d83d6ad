import { describe, expect, it } from 'vitest';
import { desk } from '../../../src/domain/desk/desk.ts';
import { makeId } from '../../../src/tape/id.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { all, BOOK, CROSS, type GivenSettings, names, only, PAPER, Scene } from '../given.ts';

/** A desk with a trusted candle feed at 60,000. */
function trading(given: GivenSettings = {}): Scene {
  const scene = new Scene([desk]);
  scene.settings(given);
  scene.begin();
  scene.bar('60000');
  return scene;
}

function sized(size: object, more: object = {}): GivenSettings {
  return { strategies: [{ ...CROSS, size, ...more }] };
}

/** Positions are settled, so they can be short. */
const PERPETUAL: GivenSettings = {
  instruments: [{ ...BTCUSDT, kind: 'perpetual' }],
  strategies: [{ ...CROSS, mode: 'long-short' }],
};

describe('The size of an order', () => {
  it.each([
    [{ quantity: '0.5' }, '0.5'],
    [{ quantity: '0.123456' }, '0.12345'],
    // 10,000 / 60,000 = 0.16666...
    [{ notional: '10000' }, '0.16666'],
    [{ equityFraction: '0.1' }, '0.16666'],
  ])('of %j is %s, floored to the lot', (size, quantity) => {
    expect(only(trading(sized(size)).signal('buy'), 'OrderApproved').quantity).toBe(quantity);
  });

  it('of a fraction of the equity leaves cash for fee and slippage', () => {
    const scene = trading({
      ...sized({ equityFraction: '1' }),
      accounts: [{ ...PAPER, slippage: '0.0005', fees: { maker: '0', taker: '0.001' } }],
    });
    // 100,000 / (60,000 * 1.0005 * 1.001) = 1.664169...
    expect(only(scene.signal('buy'), 'OrderApproved').quantity).toBe('1.66416');
  });

  it('of a fraction of the equity leaves cash for purchases that are working', () => {
    const scene = trading(sized({ equityFraction: '1' }));
    scene.order('buy', '1', { price: '59000' });
    // (100,000 - 59,000 * 1.001) / (60,000 * 1.001) = 0.681668...
    expect(only(scene.signal('buy'), 'OrderApproved').quantity).toBe('0.68166');
  });

  it('counts at the ask where there is a book', () => {
    const scene = new Scene([desk]);
    scene.settings({ feeds: [BOOK], ...sized({ equityFraction: '1' }) });
    scene.begin();
    scene.depth('59999', '60001');
    // 100,000 / (60,001 * 1.001) = 1.66497..., of 100,000 / 60,000 wanted
    expect(only(scene.signal('buy'), 'OrderApproved')).toMatchObject({ quantity: '1.66497', bid: '59999', ask: '60001' });
  });

  it('that comes to nothing is below the minimum', () => {
    expect(only(trading(sized({ notional: '0.5' })).signal('buy'), 'OrderDenied').reason).toBe('below-minimum');
    expect(only(trading(sized({ notional: '4' })).signal('buy'), 'OrderDenied')).toMatchObject({
      reason: 'below-minimum',
      value: '3.6',
      bound: '5',
    });
  });

  it('cannot be told without a price', () => {
    const scene = new Scene([desk]);
    scene.settings({});
    expect(only(scene.signal('buy'), 'OrderDenied')).toMatchObject({ reason: 'market-data', value: 'no-price' });
  });

  it('of a fraction counts a quote asset in the currency of the account', () => {
    const scene = new Scene([desk]);
    const ethbtc = { ...BTCUSDT, symbol: 'ETHBTC', base: 'ETH', quote: 'BTC', minNotional: '0' };
    scene.settings({
      instruments: [BTCUSDT, ethbtc],
      feeds: [
        { venue: 'binance', symbol: 'BTCUSDT', source: 'recording', bars: '1m' },
        { venue: 'binance', symbol: 'ETHBTC', source: 'recording', bars: '1m' },
      ],
      accounts: [{ ...PAPER, balances: { USDT: '40000', BTC: '1' } }],
      strategies: [{ ...CROSS, symbol: 'ETHBTC', size: { equityFraction: '0.3' } }],
    });
    scene.begin();
    scene.begin('binance', 'ETHBTC');
    scene.bar('0.05', { symbol: 'ETHBTC' });
    expect(only(scene.signal('buy', { symbol: 'ETHBTC' }), 'OrderDenied')).toMatchObject({
      reason: 'market-data',
      value: 'no-price-of-BTC',
    });
    scene.bar('60000');
    // 0.3 of 40,000 + 60,000 is 30,000; one ether is 0.05 * 60,000.
    expect(only(scene.signal('buy', { symbol: 'ETHBTC' }), 'OrderApproved')).toMatchObject({ quantity: '10', equity: '100000' });
  });
});

describe('A signal sets a target', () => {
  it('so what is held and working counts towards it', () => {
    const scene = trading();
    const first = only(scene.signal('buy'), 'OrderApproved');
    scene.fill(first, '0.25', '60000');
    expect(only(scene.signal('buy'), 'OrderDenied').reason).toBe('at-target');
    scene.report(first, 'expired');
    expect(only(scene.signal('buy'), 'OrderApproved').quantity).toBe('0.75');
  });

  it('so what works against it is cancelled, and what that order traded on the way is closed too', () => {
    const scene = trading();
    const buy = only(scene.signal('buy'), 'OrderApproved');
    scene.fill(buy, '0.25', '60000');
    const selling = scene.signal('sell');
    expect(names(selling)).toEqual(['OrderCancelPending', 'OrderApproved']);
    const sell = only(selling, 'OrderApproved');
    expect(sell).toMatchObject({ side: 'sell', quantity: '0.25', reducing: true });
    scene.fill(sell, '0.25', '60000');

    scene.fill(buy, '0.5', '60000', { cumulativeQuantity: '0.75' });
    const ended = scene.report(buy, 'canceled');
    expect(only(ended, 'OrderApproved')).toMatchObject({ side: 'sell', quantity: '0.5', origin: sell.origin });
    scene.fill(only(ended, 'OrderApproved'), '0.5', '60000');

    const late = scene.fill(buy, '0.25', '60000', { cumulativeQuantity: '1' });
    expect(only(late, 'OrderApproved')).toMatchObject({ side: 'sell', quantity: '0.25' });
    scene.fill(only(late, 'OrderApproved'), '0.25', '60000');
    expect(scene.last('PositionChanged').quantity).toBe('0');
    const ids = all(scene.tape, 'OrderApproved').map(({ orderId }) => orderId);
    expect(new Set(ids).size).toBe(4);
  });

  it('but not one that another signal has replaced', () => {
    const scene = trading();
    const buy = only(scene.signal('buy'), 'OrderApproved');
    scene.signal('sell');
    scene.signal('buy');
    scene.fill(buy, '0.5', '60000');
    expect(all(scene.report(buy, 'canceled'), 'OrderApproved')).toEqual([]);
  });

  it('whose cancel the venue refuses because it has been filled', () => {
    const scene = trading();
    const buy = only(scene.signal('buy'), 'OrderApproved');
    expect(only(scene.signal('sell'), 'OrderDenied').reason).toBe('nothing-to-sell');
    expect(names(scene.report(buy, 'cancel-rejected', { reason: 'filled' }))).toEqual(['OrderCancelRejected']);
    expect(only(scene.fill(buy, '1', '60000'), 'OrderApproved')).toMatchObject({ side: 'sell', quantity: '1' });
  });

  it('that a reversal reaches in two steps, closing first', () => {
    const scene = trading(PERPETUAL);
    const buy = only(scene.signal('buy'), 'OrderApproved');
    expect(buy.orderId).toBe(makeId(`order|${buy.origin.id}`));
    scene.fill(buy, '1', '60000');
    const orders = all(scene.signal('sell'), 'OrderApproved');
    expect(orders.map(({ side, quantity, reducing }) => [side, quantity, reducing])).toEqual([
      ['sell', '1', true],
      ['sell', '1', false],
    ]);
    expect(orders[1]?.orderId).toBe(makeId(`order|${orders[1]?.origin.id}|2`));
    for (const order of orders) scene.fill(order, '1', '61000');
    expect(scene.last('PositionChanged')).toMatchObject({ quantity: '-1', cost: '-61000', realizedProfit: '1000' });
    expect(scene.last('AccountMarked')).toMatchObject({ cash: '101000', equity: '102000' });
  });

  it('of which dust is no part', () => {
    const scene = trading();
    const fee = { fee: '0.000005', feeAsset: 'BTC' };
    scene.fill(only(scene.signal('buy'), 'OrderApproved'), '1', '60000', fee);
    const sell = only(scene.signal('sell'), 'OrderApproved');
    // 0.999995 is held, and 0.00001 is the lot.
    expect(sell.quantity).toBe('0.99999');
    scene.fill(sell, '0.99999', '60000');
    expect(scene.last('PositionChanged').quantity).toBe('0.000005');
    expect(only(scene.signal('sell'), 'OrderDenied').reason).toBe('nothing-to-sell');
    expect(only(scene.signal('buy'), 'OrderApproved').quantity).toBe('1');
  });

  it('of which a rest under the lot is no part, whatever it is worth', () => {
    const scene = trading({ instruments: [{ ...BTCUSDT, minNotional: '0' }] });
    const buy = only(scene.signal('buy'), 'OrderApproved');
    scene.fill(buy, '0.00001', '60000', { fee: '0.000005', feeAsset: 'BTC' });
    scene.report(buy, 'expired');
    expect(only(scene.signal('buy'), 'OrderApproved').quantity).toBe('1');
  });

  it('of which a rest that is worth less than the minimum is no part', () => {
    const scene = trading();
    const buy = only(scene.signal('buy'), 'OrderApproved');
    // 0.00008 * 60,000 = 4.8, and 5 is the minimum.
    scene.fill(buy, '0.00008', '60000');
    scene.report(buy, 'expired');
    expect(only(scene.signal('sell'), 'OrderDenied').reason).toBe('nothing-to-sell');
  });

  it('and never sells more than the account has left after fees in that asset', () => {
    const scene = trading({ accounts: [{ ...PAPER, balances: { USDT: '100000' } }] });
    scene.fill(only(scene.signal('buy'), 'OrderApproved'), '1', '60000');
    // A person's order pays its fee from the same asset.
    scene.fill(only(scene.order('buy', '0.5'), 'OrderApproved'), '0.5', '60000');
    scene.fill(only(scene.order('sell', '0.5'), 'OrderApproved'), '0.5', '60000', { fee: '0.01', feeAsset: 'BTC' });
    expect(only(scene.signal('sell'), 'OrderApproved').quantity).toBe('0.99');
  });
});

describe('Positions of several strategies in one account', () => {
  it('are kept apart, and none closes another’s', () => {
    const scene = trading({ strategies: [CROSS, { ...CROSS, name: 'other', size: { quantity: '0.3' } }] });
    scene.fill(only(scene.signal('buy'), 'OrderApproved'), '1', '60000');
    scene.fill(only(scene.signal('buy', { strategy: 'other' }), 'OrderApproved'), '0.3', '60000');
    const sell = only(scene.signal('sell', { strategy: 'other' }), 'OrderApproved');
    expect(sell).toMatchObject({ quantity: '0.3', position: '1.3' });
    scene.fill(sell, '0.3', '60000');
    expect(only(scene.signal('sell', { strategy: 'other' }), 'OrderDenied').reason).toBe('nothing-to-sell');
    expect(only(scene.order('sell', '0.1'), 'OrderDenied').reason).toBe('nothing-to-sell');
  });
});
