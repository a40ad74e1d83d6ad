/** What is decided for an account has the time of its market, whenever a person asked for it. */

import { describe, expect, it } from 'vitest';
import { type TapeEvent, upcast } from '../../../src/domain/catalogue.ts';
import { desk } from '../../../src/domain/desk/desk.ts';
import { isoTime } from '../../../src/domain/time.ts';
import { paperVenue } from '../../../src/domain/venue/paper/paper-venue.ts';
import { equity } from '../../../src/projections/equity.ts';
import { orders } from '../../../src/projections/orders.ts';
import type { RecordedEvent } from '../../../src/tape/envelope.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { all, CANDLES, names, only, PAPER, Scene } from '../given.ts';

const YEARS_MS = 2 * 365 * 86_400_000;

/** A session of noon of the 8th of August 2024; people ask two years later. */
function trading(): Scene {
  const scene = new Scene([paperVenue, desk]);
  scene.settings({
    instruments: [BTCUSDT, { ...BTCUSDT, symbol: 'ETHUSDT', base: 'ETH' }],
    feeds: [CANDLES, { ...CANDLES, symbol: 'ETHUSDT' }],
    accounts: [{ ...PAPER, balances: { USDT: '100000', BTC: '1' } }],
  });
  return scene;
}

function later<T>(scene: Scene, ask: () => T): T {
  const session = scene.now;
  scene.now += YEARS_MS;
  try {
    return ask();
  } finally {
    scene.now = session;
  }
}

const denied = (scene: Scene) =>
  only(
    later(scene, () => scene.order('buy', '0.000001')),
    'OrderDenied',
  );
const approved = (scene: Scene) =>
  only(
    later(scene, () => scene.order('buy', '0.01', { price: '50000' })),
    'OrderApproved',
  );

describe('The time of a denied order', () => {
  it("is the account's now, as that of an approved one", () => {
    const scene = trading();
    scene.begin();
    scene.bar('60000');
    expect(denied(scene).at).toBe(isoTime(scene.now));
    scene.now += 60_000;
    scene.bar('60010');
    expect(denied(scene).at).toBe(isoTime(scene.now));
    expect(Date.parse(approved(scene).sendBy)).toBe(scene.now + 5_000);
  });

  it('is that of the instrument where its account has none yet, and of an unknown account is none', () => {
    const scene = new Scene([desk]);
    scene.settings({ strategies: [] });
    scene.begin();
    scene.bar('60000');
    expect(denied(scene).at).toBe(isoTime(scene.now));
    const nobody = later(scene, () => scene.order('buy', '1', { account: 'nobody', symbol: 'XYZ' }));
    expect(only(nobody, 'OrderDenied').at).toBeNull();
  });

  it('is none before any market has told one, and nothing is approved then: it could not be said until when to send it', () => {
    const scene = trading();
    // What it was opened with, at a price: an order that only reduces.
    const sale = later(scene, () => scene.order('sell', '0.5', { price: '60000' }));
    expect(only(sale, 'OrderDenied')).toMatchObject({ at: null, reason: 'market-data', value: 'no-price' });
    // So the market's own time is the account's first.
    scene.begin();
    scene.bar('60000');
    expect(Date.parse(only(scene.signal('buy'), 'OrderApproved').sendBy)).toBe(scene.now + 5_000);
  });
});

describe('A denial of version 1', () => {
  it('is adopted as it is recorded, and what follows is decided as before', () => {
    const scene = trading();
    scene.begin();
    scene.bar('60000');
    denied(scene);
    approved(scene);
    const older = scene.tape.map((event) => {
      if (event.type !== 'OrderDenied') return event;
      const { at: _, ...data } = event.data;
      return { ...event, data: upcast('OrderDenied', 1, data) } as TapeEvent;
    });
    const again = new Scene([paperVenue, desk]);
    for (let next = 0; next < older.length; ) {
      const evidence = older[next++] as TapeEvent;
      const cascade: TapeEvent[] = [];
      while (older[next]?.metadata.reactor !== undefined) cascade.push(older[next++] as TapeEvent);
      again.engine.adopt(evidence, cascade);
    }
    expect(all(older, 'OrderDenied').map(({ at }) => at)).toEqual([null]);
    expect(again.engine.snapshot()).toEqual(scene.engine.snapshot());
  });
});

describe('The time of a cancel', () => {
  it("is the account's now, for the order and in what the paper venue answers", () => {
    const scene = trading();
    scene.begin();
    scene.bar('60000');
    const { orderId } = approved(scene);
    const ask = () => scene.when('OrderCancelRequested', { orderId, account: 'paper-1', reason: null });
    const decided = later(scene, ask);
    for (const type of ['OrderCancelPending', 'OrderCanceled'] as const) {
      expect(only(decided, type).at).toBe(isoTime(scene.now));
    }
    expect(only(later(scene, ask), 'OrderCancelRejected').at).toBe(isoTime(scene.now));
    const other = approved(scene);
    const halted = later(scene, () => scene.halt({ scope: { account: 'paper-1' }, cancelOpen: true }));
    expect(only(halted, 'OrderCancelPending')).toMatchObject({ orderId: other.orderId, at: isoTime(scene.now) });
  });
});

describe('The time of a mark', () => {
  it('is the one that the account is valued at, also on a request; none before any market has told one', () => {
    const scene = trading();
    expect(scene.last('AccountMarked').at).toBeNull();
    scene.begin();
    scene.bar('60000');
    expect(scene.last('AccountMarked').at).toBe(isoTime(scene.now));
    const resumed = later(scene, () => scene.resume({ account: 'paper-1' }));
    expect(only(resumed, 'AccountMarked').at).toBe(isoTime(scene.now));
    const shown = resumed.flatMap((event, index) => {
      const recorded = { ...event, position: String(index), recordedAt: '', revision: index } as RecordedEvent;
      return event.type === 'AccountMarked' ? [equity.apply(undefined, recorded)] : [];
    });
    expect(shown).toMatchObject([{ at: isoTime(scene.now), sequence: expect.stringMatching(/^2024-08-08/) }]);
  });
});

describe('Orders of one account by createdAt', () => {
  it('are in the order in which they were decided on', () => {
    const scene = trading();
    denied(scene);
    scene.begin();
    scene.begin('binance', 'ETHUSDT');
    for (const minute of [1, 2, 3]) {
      scene.now += 60_000;
      scene.bar(String(60_000 + minute));
      denied(scene);
      approved(scene);
      // Another instrument, which the account does not use, is ahead.
      scene.now += 30_000;
      scene.bar('3000', { symbol: 'ETHUSDT' });
      only(
        later(scene, () => scene.order('buy', '0.000001', { symbol: 'ETHUSDT' })),
        'OrderDenied',
      );
      scene.now -= 30_000;
      denied(scene);
      scene.signal(minute % 2 === 1 ? 'buy' : 'sell');
    }
    const decided = scene.tape.flatMap((event, position) => {
      if (event.type !== 'OrderApproved' && event.type !== 'OrderDenied') return [];
      const recorded = { ...event, position: String(position), recordedAt: '', revision: 0 } as RecordedEvent;
      return [orders.apply(undefined, recorded)];
    });
    expect(names(scene.tape)).toContain('OrderFilled');
    expect(decided.length).toBe(1 + all(scene.tape, 'SignalGenerated').length + 3 * 4);
    expect(decided.map(({ sequence }) => sequence)).toEqual(decided.map(({ sequence }) => sequence).sort());
    expect(new Set(decided.map(({ createdAt }) => createdAt?.slice(0, 10)))).toEqual(new Set([undefined, '2024-08-08']));
  });
});
