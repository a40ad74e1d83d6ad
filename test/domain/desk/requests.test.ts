import { describe, expect, it } from 'vitest';
import { desk } from '../../../src/domain/desk/desk.ts';
import { paperVenue } from '../../../src/domain/venue/paper/paper-venue.ts';
import { makeId } from '../../../src/tape/id.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { type GivenSettings, names, only, PAPER, Scene } from '../given.ts';

function trading(given: GivenSettings = {}, scene = new Scene([desk])): Scene {
  scene.settings(given);
  scene.begin();
  scene.bar('60000');
  return scene;
}

describe('An order that a person asks for', () => {
  it('is approved with its own terms, under the strategy "manual"', () => {
    const scene = trading();
    const decided = scene.order('buy', '0.5', { price: '59000.5', timeInForce: 'IOC' });
    const request = scene.tape.at(-1 - decided.length);
    expect(only(decided, 'OrderApproved')).toMatchObject({
      orderId: makeId(`order|${request?.id}`),
      strategy: 'manual',
      type: 'limit',
      timeInForce: 'IOC',
      quantity: '0.5',
      price: '59000.5',
      origin: { kind: 'request', id: request?.id },
    });
  });

  it.each([
    ['of an unknown account', '1', { account: 'nobody' }, 'unknown-account'],
    ['of an instrument that is not listed', '1', { symbol: 'XYZ' }, 'unknown-instrument'],
    ['finer than the lot', '0.000001', {}, 'invalid-quantity'],
    ['finer than the tick', '1', { price: '60000.001' }, 'invalid-price'],
    ['at a limit without a price', '1', { type: 'limit' as const }, 'invalid-price'],
    ['at market with a price', '1', { type: 'market' as const, price: '60000' }, 'invalid-price'],
    ['worth too little', '0.00008', {}, 'below-minimum'],
    ['worth too little at its limit', '0.0001', { price: '49999' }, 'below-minimum'],
  ])('%s is denied', (_what, quantity, of, reason) => {
    expect(only(trading().order('buy', quantity, of), 'OrderDenied').reason).toBe(reason);
  });

  it('of an inverse contract is denied: what it comes to, and what it would hold, cannot be valued', () => {
    const inverse = { ...BTCUSDT, kind: 'perpetual' as const, quote: 'USD', settle: 'BTC', contractSize: '100' };
    for (const side of ['buy', 'sell'] as const) {
      const decided = trading({ instruments: [inverse], strategies: [] }).order(side, '1');
      expect(only(decided, 'OrderDenied')).toMatchObject({ reason: 'inverse-contract', value: 'BTCUSDT', bound: null });
    }
  });

  it('sells what people bought and what the account was opened with, and no more', () => {
    const scene = trading({ accounts: [{ ...PAPER, balances: { USDT: '100000', BTC: '0.2' } }] });
    scene.fill(only(scene.signal('buy'), 'OrderApproved'), '1', '60000');
    scene.fill(only(scene.order('buy', '0.1'), 'OrderApproved'), '0.1', '60000');
    expect(only(scene.order('sell', '0.31'), 'OrderDenied')).toMatchObject({
      reason: 'not-enough-to-sell',
      value: '0.31',
      bound: '0.3',
    });
    const sell = only(scene.order('sell', '0.25'), 'OrderApproved');
    expect(sell.reducing).toBe(true);
    expect(only(scene.order('sell', '0.06'), 'OrderDenied')).toMatchObject({ reason: 'not-enough-to-sell', bound: '0.05' });
    scene.fill(sell, '0.25', '60000');
    expect(scene.last('PositionChanged')).toMatchObject({ strategy: 'manual', quantity: '-0.15' });
    scene.fill(only(scene.order('sell', '0.05'), 'OrderApproved'), '0.05', '60000');
    expect(only(scene.order('sell', '0.01'), 'OrderDenied').reason).toBe('nothing-to-sell');
  });

  it('may go short where positions are settled', () => {
    const scene = trading({ instruments: [{ ...BTCUSDT, kind: 'perpetual' }], strategies: [] });
    const sell = only(scene.order('sell', '0.5'), 'OrderApproved');
    expect(sell.reducing).toBe(false);
    scene.fill(sell, '0.5', '60000');
    expect(only(scene.order('buy', '0.5'), 'OrderApproved').reducing).toBe(true);
    expect(only(scene.order('buy', '0.1'), 'OrderApproved').reducing).toBe(false);
  });

  it('counts contracts in base units where a contract is not one of them', () => {
    const perpetual = { ...BTCUSDT, kind: 'perpetual', contractSize: '0.01', lotSize: '1', quantityScale: 0 };
    const scene = trading({ instruments: [perpetual], strategies: [] });
    scene.fill(only(scene.order('buy', '50'), 'OrderApproved'), '50', '60000');
    expect(scene.last('PositionChanged')).toMatchObject({ quantity: '0.5', cost: '30000' });
    scene.bar('62000', { closeTime: '2024-08-08T12:01:00.000Z' });
    expect(only(scene.order('sell', '50'), 'OrderApproved')).toMatchObject({ equity: '101000', reducing: true });
  });
});

describe('The now of an account', () => {
  it('is not moved by a request, whose clock is not that of a recording', () => {
    const scene = trading();
    const noon = scene.now;
    scene.now += 3_600_000;
    const approved = only(scene.order('buy', '1'), 'OrderApproved');
    expect(Date.parse(approved.sendBy)).toBe(noon + 5_000);
  });

  it('is not moved by the answers of the paper venue to requests either', () => {
    const scene = trading({}, new Scene([paperVenue, desk]));
    const noon = scene.now;
    scene.now += 3_600_000;
    const { orderId } = only(scene.order('buy', '0.1', { price: '50000' }), 'OrderAccepted');
    const canceled = scene.when('OrderCancelRequested', { orderId, account: 'paper-1', reason: null });
    expect(names(canceled)).toContain('OrderCanceled');
    scene.now = noon + 60_000;
    scene.bar('60100');
    expect(Date.parse(only(scene.signal('buy'), 'OrderApproved').sendBy)).toBe(scene.now + 5_000);
  });

  it('is moved by reports', () => {
    const scene = trading();
    const first = only(scene.order('buy', '0.1'), 'OrderApproved');
    scene.now += 30_000;
    scene.report(first, 'new');
    expect(Date.parse(only(scene.order('buy', '0.1'), 'OrderApproved').sendBy)).toBe(scene.now + 5_000);
  });
});
