import { describe, expect, it } from 'vitest';
import { desk } from '../../../src/domain/desk/desk.ts';
import { isoTime } from '../../../src/domain/time.ts';
import { BOOK, CANDLES, names, only, PAPER, Scene } from '../given.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** A desk whose feed was trusted, at 60,000, until its recording ended just now. */
function ended(feed: Record<string, unknown>): Scene {
  const scene = new Scene([desk]);
  scene.settings({ feeds: [feed] });
  scene.begin();
  if (feed.depth === undefined) scene.bar('60000');
  else scene.depth('59999', '60001');
  scene.when('FeedStale', {
    venue: 'binance',
    symbol: 'BTCUSDT',
    reason: 'ended',
    lastEventTime: isoTime(scene.now),
  });
  return scene;
}

/** What an opening order is told. */
function denial(scene: Scene): unknown {
  const { reason, value } = only(scene.order('buy', '0.1'), 'OrderDenied');
  return { reason, value };
}

const ENDED = { reason: 'market-data', value: 'ended' };

describe('A recording that has ended', () => {
  it.each([
    ['candles', CANDLES],
    ['a book', BOOK],
  ])('of %s opens no position', (_, feed) => {
    expect(denial(ended(feed))).toEqual(ENDED);
  });

  it('of candles goes on with a bar that closed later', () => {
    const scene = ended(CANDLES);
    scene.bar('60000');
    expect(denial(scene)).toEqual(ENDED);
    scene.now += MINUTE_MS;
    scene.bar('60100');
    expect(names(scene.order('buy', '0.1'))).toContain('OrderApproved');
  });

  it('of a book goes on with a later sample of the book, for a bar does not show that it is valid', () => {
    const scene = ended(BOOK);
    scene.depth('59999', '60001');
    expect(denial(scene)).toEqual(ENDED);
    scene.now += SECOND_MS;
    scene.bar('60000', { interval: '1s', openTime: isoTime(scene.now - SECOND_MS) });
    expect(denial(scene)).toEqual(ENDED);
    scene.depth('60009', '60011');
    expect(only(scene.order('buy', '0.1'), 'OrderApproved')).toMatchObject({ referencePrice: '60010' });
  });

  it('is no gap: after that only a recovery restores the trust', () => {
    const scene = ended(BOOK);
    scene.when('FeedStale', { venue: 'binance', symbol: 'BTCUSDT', reason: 'gap', lastEventTime: null });
    scene.now += SECOND_MS;
    scene.depth('60009', '60011');
    expect(denial(scene)).toEqual({ reason: 'market-data', value: 'gap' });
    scene.when('FeedRecovered', { venue: 'binance', symbol: 'BTCUSDT', reason: 'gap', eventTime: isoTime(scene.now) });
    expect(names(scene.order('buy', '0.1'))).toContain('OrderApproved');
  });
});

describe('A sample of the book that is older than the last one', () => {
  it('changes neither the mark nor the quote, and makes no drawdown', () => {
    const scene = new Scene([desk]);
    const balances = { USDT: '100', BTC: '1' };
    scene.settings({ feeds: [BOOK], accounts: [{ ...PAPER, balances, limits: { drawdown: '0.2' } }] });
    scene.begin();
    scene.depth('100', '101');
    scene.now += MINUTE_MS;
    const later = scene.now;
    scene.depth('100', '101');
    // An hour ago the price was half as high, and its recording is taken in now.
    scene.now = later - 60 * MINUTE_MS;
    scene.begin();
    scene.depth('50', '51');
    scene.now = later + MINUTE_MS;
    scene.begin();
    expect(only(scene.order('buy', '0.1'), 'OrderApproved')).toMatchObject({ referencePrice: '100.5' });
    const marks = scene.tape.flatMap((event) => (event.type === 'AccountMarked' ? [event.data.equity] : []));
    expect(new Set(marks)).toEqual(new Set(['100', '200.5']));
  });

  it('of the same time is the later one', () => {
    const scene = new Scene([desk]);
    scene.settings({ feeds: [BOOK] });
    scene.begin();
    scene.depth('100', '101');
    scene.depth('102', '103');
    expect(only(scene.order('buy', '0.1'), 'OrderApproved')).toMatchObject({ referencePrice: '102.5' });
  });
});
