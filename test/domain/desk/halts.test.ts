import { describe, expect, it } from 'vitest';
import { desk } from '../../../src/domain/desk/desk.ts';
import { paperVenue } from '../../../src/domain/venue/paper/paper-venue.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { all, CROSS, type GivenSettings, names, only, PAPER, Scene } from '../given.ts';

function trading(given: GivenSettings = {}, scene = new Scene([desk])): Scene {
  scene.settings(given);
  scene.begin();
  scene.bar('60000');
  return scene;
}

describe('A halt', () => {
  it('is said in every account that it is about', () => {
    const scene = trading({ accounts: [PAPER, { ...PAPER, id: 'paper-2' }] });
    const streams = (scope: Parameters<Scene['halt']>[0]) => scene.halt(scope).map(({ stream }) => stream);
    expect(streams({ scope: { all: true } })).toEqual(['account-paper-1', 'account-paper-2']);
    expect(streams({ scope: { account: 'paper-2' } })).toEqual(['account-paper-2']);
    expect(streams({ scope: { strategy: 'cross' } })).toEqual(['account-paper-1']);
    expect(streams({ scope: { account: 'nobody' } })).toEqual([]);
  });

  it('holds for an account that is opened later', () => {
    const scene = trading();
    scene.halt();
    const opened = scene.settings({ accounts: [PAPER, { ...PAPER, id: 'paper-2' }] });
    expect(names(opened)).toEqual(['BalanceChanged', 'AccountMarked', 'TradingHalted']);
    expect(only(scene.order('buy', '1', { account: 'paper-2' }), 'OrderDenied').reason).toBe('halt');
  });

  it('in mode stop lets no order through, in mode reduce-only those that reduce', () => {
    const scene = trading();
    scene.fill(only(scene.signal('buy'), 'OrderApproved'), '1', '60000');
    scene.halt({ mode: 'stop' });
    expect(only(scene.signal('sell'), 'OrderDenied')).toMatchObject({ reason: 'halt', value: 'stop', bound: 'reduce-only' });
    // The latest for a scope wins.
    scene.halt({ mode: 'reduce-only' });
    expect(only(scene.order('buy', '0.1'), 'OrderDenied')).toMatchObject({ reason: 'halt', value: 'reduce-only', bound: 'none' });
    expect(only(scene.signal('sell'), 'OrderApproved').reducing).toBe(true);
  });

  it('of one strategy leaves the others alone', () => {
    const scene = trading({ strategies: [CROSS, { ...CROSS, name: 'other' }] });
    scene.halt({ scope: { strategy: 'cross' } });
    expect(only(scene.signal('buy'), 'OrderDenied').reason).toBe('halt');
    expect(names(scene.signal('buy', { strategy: 'other' }))).toEqual(['OrderApproved']);
  });

  it('is lifted by a resume of the same scope only', () => {
    const scene = trading();
    scene.halt({ scope: { all: true } });
    scene.halt({ scope: { account: 'paper-1' } });
    expect(names(scene.resume({ account: 'paper-1' }))).toEqual(['TradingResumed', 'AccountMarked']);
    expect(only(scene.order('buy', '1'), 'OrderDenied').reason).toBe('halt');
    scene.resume({ all: true });
    expect(names(scene.order('buy', '1'))).toEqual(['OrderApproved']);
  });

  it.each([
    ['retired', [], []],
    ['moved to another account', [{ ...CROSS, account: 'paper-2' }], ['account-paper-2']],
  ])('of a strategy that was %s since is lifted wherever it was said', (_what, strategies, more) => {
    const accounts = [PAPER, { ...PAPER, id: 'paper-2' }];
    const scene = trading({ accounts });
    scene.halt({ scope: { strategy: 'cross' } });
    scene.settings({ accounts, strategies, retired: strategies.length === 0 ? ['cross'] : [] });
    const resumed = scene.resume({ strategy: 'cross' });
    expect(resumed.map(({ type, stream }) => [type, stream])).toEqual(
      ['account-paper-1', ...more].map((stream) => ['TradingResumed', stream]),
    );
    scene.settings({ accounts, strategies: [CROSS] });
    expect(names(scene.signal('buy'))).toEqual(['OrderApproved']);
  });

  it('of a strategy that is retired holds one that is listed again under its name', () => {
    const scene = trading();
    scene.halt({ scope: { strategy: 'cross' } });
    scene.settings({ strategies: [], retired: ['cross'] });
    scene.settings({ strategies: [CROSS] });
    expect(only(scene.signal('buy'), 'OrderDenied').reason).toBe('halt');
  });

  it('survives a restart', () => {
    const scene = trading();
    scene.halt({ mode: 'stop' });
    const later = new Scene([desk]);
    for (const event of scene.tape) later.engine.adopt(event, []);
    expect(only(later.order('buy', '0.2'), 'OrderDenied').reason).toBe('halt');
  });

  it('lets cancels pass', () => {
    const scene = trading();
    const { orderId } = only(scene.order('buy', '0.1', { price: '59000' }), 'OrderApproved');
    scene.halt({ mode: 'stop' });
    const cancelled = scene.when('OrderCancelRequested', { orderId, account: 'paper-1', reason: null });
    expect(names(cancelled)).toEqual(['OrderCancelPending']);
  });

  it('cancels what is open when it is to', () => {
    const scene = trading();
    scene.order('buy', '0.1', { price: '59000' });
    scene.signal('buy');
    expect(names(scene.halt({ scope: { strategy: 'manual' }, cancelOpen: true }))).toEqual([
      'OrderCancelPending',
      'TradingHalted',
    ]);
    expect(names(scene.halt({ cancelOpen: true }))).toEqual(['OrderCancelPending', 'OrderCancelPending', 'TradingHalted']);
  });

  it('closes what is held when it is to, each position by its own order, even in mode stop', () => {
    const scene = trading();
    scene.fill(only(scene.signal('buy'), 'OrderApproved'), '1', '60000');
    scene.fill(only(scene.order('buy', '0.2'), 'OrderApproved'), '0.2', '60000');
    const orders = all(scene.halt({ mode: 'stop', flatten: true }), 'OrderApproved');
    expect(orders.map(({ strategy, side, quantity, origin }) => [strategy, side, quantity, origin.kind])).toEqual([
      ['cross', 'sell', '1', 'halt'],
      ['manual', 'sell', '0.2', 'halt'],
    ]);
    expect(new Set(orders.map(({ orderId }) => orderId)).size).toBe(2);
  });

  it('closes no more than what is not being sold already, and no dust', () => {
    const scene = trading();
    scene.fill(only(scene.order('buy', '1'), 'OrderApproved'), '1', '60000');
    scene.order('sell', '0.6', { price: '61000' });
    const sale = only(scene.halt({ flatten: true }), 'OrderApproved');
    expect(sale.quantity).toBe('0.4');
    expect(names(scene.halt({ flatten: true }))).toEqual(['TradingHalted']);
    scene.fill(sale, '0.39995', '60000');
    scene.report(sale, 'canceled');
    scene.resume();
    // 0.00005 is worth less than the smallest order.
    expect(names(scene.halt({ flatten: true }))).toEqual(['TradingHalted']);
  });

  it('closes a short position too', () => {
    const scene = trading({ instruments: [{ ...BTCUSDT, kind: 'perpetual' }] });
    scene.fill(only(scene.order('sell', '0.2'), 'OrderApproved'), '0.2', '60000');
    expect(only(scene.halt({ flatten: true }), 'OrderApproved')).toMatchObject({ side: 'buy', quantity: '0.2', reducing: true });
  });

  it('closes what is left when an order that it cancelled has ended', () => {
    const scene = trading();
    scene.fill(only(scene.order('buy', '1'), 'OrderApproved'), '1', '60000');
    const resting = only(scene.order('sell', '0.6', { price: '61000' }), 'OrderApproved');
    // Selling at once what is held as well as what rests could sell it twice.
    expect(names(scene.halt({ cancelOpen: true, flatten: true }))).toEqual(['OrderCancelPending', 'TradingHalted']);
    scene.fill(resting, '0.25', '61000');
    expect(only(scene.report(resting, 'canceled'), 'OrderApproved')).toMatchObject({ side: 'sell', quantity: '0.75' });
  });

  it('tries again to close what found no book, and not what the venue refused', () => {
    const scene = trading();
    scene.fill(only(scene.order('buy', '1'), 'OrderApproved'), '1', '60000');
    const first = only(scene.halt({ flatten: true }), 'OrderApproved');
    scene.fill(first, '0.25', '60000');
    const second = only(scene.report(first, 'expired', { reason: 'no-liquidity' }), 'OrderApproved');
    expect(second).toMatchObject({ side: 'sell', quantity: '0.75', origin: first.origin });
    expect(names(scene.report(second, 'rejected'))).toEqual(['OrderRejected']);
  });

  it('of an account with very many orders does not break the bounds of a cascade', () => {
    const scene = trading({}, new Scene([paperVenue, desk]));
    for (let i = 0; i < 180; i++) scene.order('buy', '0.001', { price: '50000' });
    scene.halt({ cancelOpen: true });
    scene.now += 60_000;
    for (let minute = 0; minute < 4; minute++, scene.now += 60_000) scene.bar('60000');
    expect(all(scene.tape, 'OrderCanceled')).toHaveLength(180);
  });

  it('of very many accounts does not either, nor does opening them', () => {
    const accounts = Array.from({ length: 300 }, (_, i) => ({
      ...PAPER,
      id: `a${i}`,
      balances: { USDT: '1', BTC: '1', ETH: '1' },
    }));
    const scene = new Scene([desk]);
    scene.settings({ accounts, strategies: [] });
    const pass = () => {
      for (let minute = 0; minute < 15; minute++, scene.now += 60_000) scene.bar('60000');
    };
    pass();
    expect(all(scene.tape, 'AccountMarked').filter(({ equity }) => equity === '1').length).toBeGreaterThan(0);
    expect(new Set(all(scene.tape, 'AccountMarked').map(({ account }) => account)).size).toBe(300);
    scene.halt();
    pass();
    expect(all(scene.tape, 'TradingHalted')).toHaveLength(300);
    expect(only(scene.order('buy', '1', { account: 'a299' }), 'OrderDenied').reason).toBe('halt');
  });
});
