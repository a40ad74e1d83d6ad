/** What is shown of an account rests on the same choices as what was decided. */

import { describe, expect, it } from 'vitest';
import { desk } from '../../src/domain/desk/desk.ts';
import { CANDLES, CROSS, only, PAPER, Scene } from '../domain/given.ts';
import { BTCUSDT } from '../support/fixtures.ts';
import { valuedOf } from './valued-scene.ts';

const LIMITED = { ...PAPER, balances: { USDT: '100000', BTC: '1' }, limits: { dailyLoss: '500' } };

/** Two instruments of BTC, of which that which is listed first is at 50,000 and the other at 60,000. */
function twoOfBtc(): Scene {
  const scene = new Scene([desk]);
  scene.settings({
    instruments: [{ ...BTCUSDT, symbol: 'BTC1' }, BTCUSDT],
    feeds: [{ ...CANDLES, symbol: 'BTC1' }, CANDLES],
    accounts: [LIMITED],
    strategies: [],
  });
  scene.begin();
  scene.begin('binance', 'BTC1');
  scene.bar('60000');
  scene.bar('50000', { symbol: 'BTC1' });
  return scene;
}

async function shown(scene: Scene): Promise<readonly (string | undefined)[]> {
  const { current, document } = await valuedOf(scene);
  return [document.marked?.equity, current?.equity, current?.limits.find(({ limit }) => limit === 'daily-loss')?.value];
}

describe('An account at the latest prices', () => {
  it('is priced by the instrument that it had an order in, though nothing of that is left', async () => {
    const scene = twoOfBtc();
    scene.now += 60_000;
    scene.bar('50000', { symbol: 'BTC1' });
    expect(await shown(scene)).toEqual(['150000', '150000', '0']);
    const order = only(scene.order('buy', '0.1', { price: '40000' }), 'OrderApproved');
    scene.report(order, 'new');
    scene.report(order, 'canceled');
    scene.now += 60_000;
    scene.bar('60100');
    expect(await shown(scene)).toEqual(['160100', '160100', '-100']);
  });

  it('is priced by an instrument that has a price and whose feed goes on', async () => {
    const scene = twoOfBtc();
    scene.when('FeedStale', { venue: 'binance', symbol: 'BTC1', reason: 'ended', lastEventTime: null });
    scene.now += 60_000;
    scene.bar('60100');
    expect(await shown(scene)).toEqual(['160100', '160100', '-100']);
  });

  it('shows the loss of the day of its now, where a price of what it only holds is a year ahead', async () => {
    const scene = new Scene([desk]);
    scene.settings({
      instruments: [BTCUSDT, { ...BTCUSDT, symbol: 'BNBUSDT', base: 'BNB' }],
      feeds: [CANDLES, { ...CANDLES, symbol: 'BNBUSDT' }],
      accounts: [{ ...LIMITED, balances: { USDT: '40000', BTC: '1', BNB: '2' } }],
      strategies: [CROSS],
    });
    scene.begin();
    scene.bar('60000');
    const noonMs = scene.now;
    scene.now += 365 * 86_400_000;
    scene.bar('500', { symbol: 'BNBUSDT' });
    scene.now = noonMs + 60_000;
    scene.bar('59000');
    expect(await shown(scene)).toEqual(['100000', '100000', '1000']);
    scene.now += 10_000;
    scene.bar('58900');
    expect(await shown(scene)).toEqual(['100000', '99900', '1100']);
  });
});
