import { beforeEach, describe, expect, it } from 'vitest';
import { desk } from '../../../src/domain/desk/desk.ts';
import { Engine } from '../../../src/domain/engine/engine.ts';
import { strategyReactor } from '../../../src/domain/strategy/strategy-reactor.ts';
import { isoTime } from '../../../src/domain/time.ts';
import { paperVenue } from '../../../src/domain/venue/paper/paper-venue.ts';
import { makeId } from '../../../src/tape/id.ts';
import { all, NOON, names, only, PAPER, Scene } from '../given.ts';

/** A desk with a trusted candle feed at 60,000. */
function trading(given: Parameters<Scene['settings']>[0] = {}): Scene {
  const scene = new Scene([desk]);
  scene.settings(given);
  scene.begin();
  scene.bar('60000');
  return scene;
}

describe('From a signal to a position', () => {
  it('opens the account with its balances when the settings take effect', () => {
    const scene = new Scene([desk]);
    const decided = scene.settings({ accounts: [{ ...PAPER, balances: { USDT: '100000', BTC: '0.5' } }] });
    expect(names(decided)).toEqual(['BalanceChanged', 'BalanceChanged', 'AccountMarked']);
    expect(all(decided, 'BalanceChanged').map(({ asset, balance, reason }) => [asset, balance, reason])).toEqual([
      ['BTC', '0.5', 'opening'],
      ['USDT', '100000', 'opening'],
    ]);
    // Nothing prices the half bitcoin yet.
    expect(only(decided, 'AccountMarked')).toMatchObject({
      equity: '100000',
      cash: '100000',
      peak: '100000',
      dayStart: '100000',
    });
    expect(scene.settings({})).toEqual([]);
  });

  it('goes from signal to approved order to fill, position, balances and mark', () => {
    const scene = trading();
    const approved = only(scene.signal('buy'), 'OrderApproved');
    expect(approved).toMatchObject({
      strategy: 'cross',
      side: 'buy',
      type: 'market',
      quantity: '1',
      referencePrice: '60000',
      equity: '100000',
      position: '0',
      reducing: false,
      sendBy: isoTime(NOON + 5_000),
    });
    expect(approved.clientOrderId).toBe(`t${approved.orderId.replaceAll('-', '')}`.slice(0, 32));

    expect(names(scene.report(approved, 'new'))).toEqual(['OrderAccepted']);
    const filled = scene.fill(approved, '1', '60030', { fee: '60.03' });
    expect(names(filled)).toEqual([
      'OrderFilled',
      'PositionChanged',
      'BalanceChanged',
      'BalanceChanged',
      'BalanceChanged',
      'AccountMarked',
    ]);
    expect(only(filled, 'OrderFilled')).toMatchObject({
      cumulativeQuantity: '1',
      price: '60030',
      fee: '60.03',
      feeAsset: 'USDT',
    });
    expect(only(filled, 'PositionChanged')).toMatchObject({
      quantity: '1',
      cost: '60030',
      averageEntryPrice: '60030',
      realizedProfit: '0',
    });
    expect(all(filled, 'BalanceChanged').map(({ asset, change, balance }) => [asset, change, balance])).toEqual([
      ['BTC', '1', '1'],
      ['USDT', '-60030', '39970'],
      ['USDT', '-60.03', '39909.97'],
    ]);
    expect(only(filled, 'AccountMarked')).toMatchObject({ equity: '99909.97', cash: '39909.97', peak: '100000' });
  });

  it('closes what it holds on the next sell signal, and books the profit', () => {
    const scene = trading();
    scene.fill(only(scene.signal('buy'), 'OrderApproved'), '1', '60000');
    scene.now += 60_000;
    scene.bar('61000');
    const sale = only(scene.signal('sell'), 'OrderApproved');
    expect(sale).toMatchObject({ side: 'sell', quantity: '1', position: '1', reducing: true, equity: '101000' });
    const filled = scene.fill(sale, '1', '60990');
    expect(only(filled, 'PositionChanged')).toMatchObject({
      quantity: '0',
      cost: '0',
      averageEntryPrice: null,
      realizedProfit: '990',
    });
    expect(only(filled, 'AccountMarked')).toMatchObject({ equity: '100990', cash: '100990' });
  });

  it('has nothing to sell on a sell signal when it is flat', () => {
    expect(only(trading().signal('sell'), 'OrderDenied')).toMatchObject({
      reason: 'nothing-to-sell',
      quantity: '0',
      side: 'sell',
    });
  });
});

describe('The desk with the paper venue', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene([paperVenue, strategyReactor, desk]);
    scene.settings({});
    scene.begin();
  });

  it('fills an order at the open of the next bar', () => {
    for (const close of ['100', '90', '80', '120']) {
      scene.bar(close);
      scene.now += 60_000;
    }
    expect(scene.last('OrderApproved')).toMatchObject({ side: 'buy', quantity: '1' });
    const decided = scene.bar('130', { open: '125' });
    expect(names(decided)).toContain('OrderFilled');
    expect(only(decided, 'OrderFilled')).toMatchObject({ price: '125', fee: '0.125' });
    expect(only(decided, 'PositionChanged')).toMatchObject({ quantity: '1', cost: '125' });
    expect(only(decided, 'AccountMarked')).toMatchObject({ cash: '99874.875', equity: '100004.875' });
  });

  it('decides the same after a snapshot is put back, and after adoption', () => {
    for (const close of ['100', '90', '80', '120']) {
      scene.bar(close);
      scene.now += 60_000;
    }
    const snapshot = scene.engine.snapshot();
    const adopting = new Engine([paperVenue, strategyReactor, desk], makeId, 'test');
    for (const event of scene.tape) adopting.adopt(event, []);
    const bar = scene.bar('130', { open: '125' });
    const evidence = scene.tape.at(-1 - bar.length);
    if (evidence === undefined) throw new Error('no evidence');
    scene.engine.restore(snapshot);
    expect(scene.engine.decide(evidence)).toEqual(bar);
    expect(adopting.decide(evidence)).toEqual(bar);
  });
});
