import { describe, expect, it } from 'vitest';
import { bybit } from '../../../../src/adapters/venues/bybit/bybit.ts';
import { RefusedFrameError } from '../../../../src/adapters/venues/frame-fields.ts';
import { parseDecimal, ZERO } from '../../../../src/domain/decimal.ts';
import type { InstrumentSettings } from '../../../../src/domain/settings/settings.ts';
import { BTCUSDT } from '../../../support/fixtures.ts';

const INSTRUMENT: InstrumentSettings = { ...BTCUSDT, venue: 'bybit' };
const TIME = 1_672_304_484_976;
const RECEIVED = { receivedAt: 1_672_304_485_001 };

const LEVELS = { s: 'BTCUSDT', b: [['16493.50', '0.006']], a: [['16611.00', '0']], u: 18_521_288, seq: 7_961_638_724 };
const bookOf = (type: string, more: object = {}, topic = 'orderbook.50.BTCUSDT') => ({
  ...{ topic, type, ts: TIME + 2, data: { ...LEVELS, ...more }, cts: TIME },
});
const TRADE = { T: TIME, s: 'BTCUSDT', S: 'Buy', v: '0.001', p: '16578.50', L: 'PlusTick', i: '2290000000067000001', BT: false };
const tradesOf = (...more: object[]) => {
  const data = more.map((fields) => ({ ...TRADE, ...fields }));
  return { topic: 'publicTrade.BTCUSDT', type: 'snapshot', ts: TIME + 2, data };
};

/** What one reader makes of the frames, one after the other. */
function read(...frames: readonly object[]) {
  const reader = bybit.open(INSTRUMENT);
  return frames.flatMap((frame) => reader.parse(`${RECEIVED.receivedAt}000000 ${JSON.stringify(frame)}`));
}

function refusal(frame: object): string {
  try {
    read(frame);
  } catch (error) {
    if (error instanceof RefusedFrameError) return `${error.reason} of ${error.kind}: ${error.message}`;
    throw error;
  }
  return 'taken';
}

describe('a Bybit frame', () => {
  const sides = { bids: { prices: [1_649_350], quantities: [600_000] }, asks: { prices: [1_661_100], quantities: [0] } };

  it('of a book is a snapshot, or an update that follows the id before its own', () => {
    expect(read(bookOf('snapshot'), bookOf('delta', { u: 18_521_289 }))).toEqual([
      { kind: 'snapshot', ...RECEIVED, eventTime: TIME, updateId: 18_521_288, ...sides },
      {
        ...{ kind: 'depth', ...RECEIVED, eventTime: TIME, firstId: 18_521_289, lastId: 18_521_289, previousId: 18_521_288 },
        ...sides,
      },
    ]);
  });

  it('of a book whose id is 1 is a snapshot, whatever its type: the service was restarted', () => {
    expect(read(bookOf('delta', { u: 1 }))).toMatchObject([{ kind: 'snapshot', updateId: 1 }]);
  });

  it('tells the time of the matching engine, or where it has none the time of sending', () => {
    const { cts: _, ...sent } = bookOf('snapshot');
    expect(read(bookOf('snapshot'), sent)).toMatchObject([{ eventTime: TIME }, { eventTime: TIME + 2 }]);
  });

  it('of another depth than the first, or of depth 1, is of no use', () => {
    const frames = ['orderbook.1.BTCUSDT', 'orderbook.200.BTCUSDT', 'orderbook.50.BTCUSDT'].map((topic) =>
      bookOf('snapshot', {}, topic),
    );
    expect(read(...frames)).toMatchObject([{ stream: 'orderbook' }, { kind: 'snapshot' }, { stream: 'orderbook' }]);
  });

  it('of trades is as many trades, each with its name', () => {
    const trade = { kind: 'trade', ...RECEIVED, time: TIME, tradeId: 0, price: 1_657_850, isMarketTrade: true };
    const block = { price: 0, quantity: ZERO, isMarketTrade: false };
    expect(read(tradesOf({}, { i: 'a-b', BT: true }))).toEqual([
      { ...trade, name: '2290000000067000001', quantity: parseDecimal('0.00100000') },
      { ...trade, name: 'a-b', ...block },
    ]);
  });

  it('of the connection, or of a topic that a feed needs not, is of no use', () => {
    const frames = [{ success: true, ret_msg: 'pong', op: 'ping' }, { topic: 'tickers.BTCUSDT' }, { topic: 'kline.1.BTCUSDT' }];
    expect(read(...frames).map((frame) => frame.kind === 'other' && frame.stream)).toEqual(['event', 'tickers', 'kline']);
  });

  it.each([
    [{ data: [] }, /^unknown-stream of undefined/],
    [{ topic: 'sentiment.BTCUSDT' }, /^unknown-stream of other/],
    [bookOf('delta', { s: 'ETHUSDT' }), /^wrong-symbol of depthUpdate/],
    [bookOf('partial'), /^bad-frame of depthUpdate: "type"/],
    [{ ...bookOf('snapshot'), data: null }, /^bad-frame of snapshot: a frame without data/],
    [bookOf('delta', { u: -1 }), /^bad-frame of depthUpdate: "u"/],
    [bookOf('delta', { b: {} }), /^bad-frame of depthUpdate: "b" is not a list/],
    [{ ...bookOf('delta'), cts: '1' }, /^bad-frame of depthUpdate: "cts"/],
    [tradesOf(), /^bad-frame of trade: a frame without data/],
    [tradesOf({}, { s: 'ETHUSDT' }), /^wrong-symbol of trade/],
    [tradesOf({ i: 7 }), /^bad-frame of trade: "i"/],
    [tradesOf({ i: 'x'.repeat(65) }), /^bad-frame of trade: "i"/],
    [tradesOf({ v: '0' }), /^bad-frame of trade: "v" is zero/],
    [tradesOf({ T: 'soon' }), /^bad-frame of trade: "T"/],
  ])('that is wrong is refused with what is wrong: %j', (frame, sentence) => {
    expect(refusal(frame)).toMatch(sentence);
  });
});
