/** A position of a feed that has ended is closed at its last price when a person asks for that, and only then. */

import { describe, expect, it } from 'vitest';
import type { TapeEvent } from '../../../src/domain/catalogue.ts';
import { desk } from '../../../src/domain/desk/desk.ts';
import type { FeedStaleReason } from '../../../src/domain/market/events.ts';
import { isoTime } from '../../../src/domain/time.ts';
import { paperVenue } from '../../../src/domain/venue/paper/paper-venue.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { all, CANDLES, CROSS, names, only, PAPER, Scene } from '../given.ts';

const REACTORS = [paperVenue, desk];
const AT_LAST_PRICE = {
  scope: { strategy: 'cross' },
  mode: 'reduce-only',
  cancelOpen: true,
  flatten: true,
  atLastPrice: true,
} as const;

/** The strategy holds one BTC that it bought at 60000; the last price is 61000.5. */
function holding(): Scene {
  const scene = new Scene(REACTORS);
  scene.settings({
    instruments: [BTCUSDT, { ...BTCUSDT, symbol: 'ETHUSDT', base: 'ETH' }],
    feeds: [CANDLES, { ...CANDLES, symbol: 'ETHUSDT' }],
    accounts: [{ ...PAPER, slippage: '0.01' }],
    strategies: [CROSS, { ...CROSS, name: 'ether', symbol: 'ETHUSDT' }],
  });
  scene.begin();
  scene.begin('binance', 'ETHUSDT');
  scene.bar('60000');
  scene.bar('3000', { symbol: 'ETHUSDT' });
  scene.signal('buy');
  scene.signal('buy', { strategy: 'ether', symbol: 'ETHUSDT' });
  scene.now += 60_000;
  scene.bar('61000.5', { open: '60000', low: '60000' });
  scene.bar('3000', { symbol: 'ETHUSDT' });
  expect(all(scene.tape, 'OrderFilled')).toHaveLength(2);
  return scene;
}

function stale(scene: Scene, reason: FeedStaleReason, symbol = 'BTCUSDT'): TapeEvent[] {
  return scene.when('FeedStale', { venue: 'binance', symbol, reason, lastEventTime: isoTime(scene.now) });
}

function heldBy(scene: Scene, strategy: string): string | undefined {
  return all(scene.tape, 'PositionChanged').findLast((changed) => changed.strategy === strategy)?.quantity;
}

describe('A halt that flattens at the last price', () => {
  it('closes what is held of a feed that has ended, at its last price with the fee and no slippage', () => {
    const scene = holding();
    stale(scene, 'ended');
    const decided = scene.halt(AT_LAST_PRICE);
    expect(only(decided, 'OrderApproved')).toMatchObject({ side: 'sell', quantity: '1', atLastPrice: true, reducing: true });
    expect(only(decided, 'OrderFilled')).toMatchObject({
      price: '61000.5',
      quantity: '1',
      fee: '61.0005',
      at: isoTime(scene.now),
    });
    // Bought at 60000 and a hundredth.
    expect(only(decided, 'PositionChanged')).toMatchObject({ quantity: '0', cost: '0', realizedProfit: '400.5' });
    expect(only(scene.signal('buy'), 'OrderDenied').reason).toBe('halt');
  });

  it('closes what an order waits to close: that is cancelled first', () => {
    const scene = holding();
    stale(scene, 'ended');
    const waits = only(scene.halt({ ...AT_LAST_PRICE, atLastPrice: false }), 'OrderApproved');
    expect(waits.atLastPrice).toBe(false);
    expect(heldBy(scene, 'cross')).toBe('1');
    const decided = scene.halt(AT_LAST_PRICE);
    expect(only(decided, 'OrderCanceled').orderId).toBe(waits.orderId);
    expect(only(decided, 'OrderFilled').price).toBe('61000.5');
    expect(heldBy(scene, 'cross')).toBe('0');
    expect(names(scene.halt(AT_LAST_PRICE))).toEqual(['TradingHalted']);
  });

  it.each([
    ['goes on', null, 'live'],
    ['may go on after a gap', 'gap', 'gap'],
    ['is silent', 'silent', 'silent'],
  ] as const)('closes nothing of a feed that %s', (_what, reason, value) => {
    const scene = holding();
    if (reason !== null) stale(scene, reason);
    const decided = scene.halt(AT_LAST_PRICE);
    expect(only(decided, 'OrderDenied')).toMatchObject({ reason: 'feed-not-ended', value, bound: 'ended', quantity: '1' });
    expect(all(decided, 'OrderApproved')).toEqual([]);
    expect(heldBy(scene, 'cross')).toBe('1');
  });

  it('closes of several what it can, each by its own feed', () => {
    const scene = holding();
    stale(scene, 'ended', 'ETHUSDT');
    const decided = scene.halt({ ...AT_LAST_PRICE, scope: { all: true } });
    expect(only(decided, 'OrderFilled')).toMatchObject({ strategy: 'ether', price: '3000' });
    expect(only(decided, 'OrderDenied')).toMatchObject({ strategy: 'cross', reason: 'feed-not-ended' });
  });

  it('closes nothing in an account that is not on paper', () => {
    const scene = holding();
    const terms = scene.tape.findLast((event) => event.type === 'AccountOpened') as TapeEvent;
    const live = scene.evidence('AccountUpdated', terms.data as never);
    scene.take({ ...live, data: { ...live.data, venue: 'binance' } } as unknown as TapeEvent);
    scene.when('SettingsApplied', { generation: 9, changes: 1, hash: 'b'.repeat(64) });
    stale(scene, 'ended');
    const denied = only(scene.halt(AT_LAST_PRICE), 'OrderDenied');
    expect(denied).toMatchObject({ reason: 'not-on-paper', value: 'binance', bound: 'paper' });
  });

  it('ends with the same after a restart, and a session that goes on is traded at its own prices', () => {
    const scene = holding();
    stale(scene, 'ended');
    scene.halt(AT_LAST_PRICE);
    const later = new Scene(REACTORS);
    for (let next = 0; next < scene.tape.length; ) {
      const evidence = scene.tape[next++] as TapeEvent;
      const cascade: TapeEvent[] = [];
      while (scene.tape[next]?.metadata.reactor !== undefined) cascade.push(scene.tape[next++] as TapeEvent);
      later.engine.adopt(evidence, cascade);
    }
    expect(later.engine.snapshot()).toEqual(scene.engine.snapshot());
    later.now = scene.now + 60_000;
    expect(names(later.bar('50000'))).not.toContain('OrderFilled');
  });
});
