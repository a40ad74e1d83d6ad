import { describe, expect, it } from 'vitest';
import { RefusedFrameError } from '../../../../src/adapters/venues/frame-fields.ts';
import { okx } from '../../../../src/adapters/venues/okx/okx.ts';
import { parseDecimal, ZERO } from '../../../../src/domain/decimal.ts';
import type { InstrumentSettings } from '../../../../src/domain/settings/settings.ts';
import { BTCUSDT } from '../../../support/fixtures.ts';

const INSTRUMENT: InstrumentSettings = { ...BTCUSDT, venue: 'okx', symbol: 'BTC-USDT', priceScale: 1, tickSize: '0.1' };
const RECEIVED = '1652459225702142000';
const TIME = 1_652_459_225_381;

const arg = (channel: string, instId = 'BTC-USDT') => ({ arg: { channel, instId } });
const LEVELS = { asks: [['30244.1', '0.2', '0', '3']], bids: [['30243.4', '0.0012029', '0', '1']], ts: `${TIME}` };
const bookOf = (action: string, more: object) => ({ ...arg('books'), action, data: [{ ...LEVELS, ...more }] });
const TRADE = { instId: 'BTC-USDT', tradeId: '338476309', px: '30236', sz: '0.0002', side: 'buy', ts: `${TIME}` };
const tradeOf = (channel: string, more: object = {}) => ({ ...arg(channel), data: [{ ...TRADE, ...more }] });

const BIDS = { prices: [302_434], quantities: [120_290] };
const ASKS = { prices: [302_441], quantities: [20_000_000] };

/** What one reader makes of the frames, one after the other. */
function read(...frames: readonly (object | string)[]) {
  const reader = okx.open(INSTRUMENT);
  const lines = frames.map((frame) => `${RECEIVED} ${typeof frame === 'string' ? frame : JSON.stringify(frame)}`);
  return lines.flatMap((line) => reader.parse(line));
}

function refusal(frame: object | string): string {
  try {
    read(frame);
  } catch (error) {
    if (error instanceof RefusedFrameError) return `${error.reason} of ${error.kind}: ${error.message}`;
    throw error;
  }
  return 'taken';
}

describe('an OKX frame', () => {
  it('of books is a snapshot, or an update that names the one before it', () => {
    const snapshot = bookOf('snapshot', { checksum: 0, prevSeqId: -1, seqId: 10 });
    const update = bookOf('update', { checksum: 0, prevSeqId: 10, seqId: 3 });
    const both = { receivedAt: 1_652_459_225_702, eventTime: TIME, bids: BIDS, asks: ASKS };
    expect(read(snapshot, update)).toEqual([
      { kind: 'snapshot', updateId: 10, ...both },
      { kind: 'depth', firstId: 3, lastId: 3, previousId: 10, ...both },
    ]);
  });

  it('of 2022 has a checksum in place of ids', () => {
    const frames = [bookOf('snapshot', { checksum: -855_196_043 }), bookOf('update', { checksum: 7 })];
    expect(read(...frames)).toMatchObject([
      { updateId: TIME, checksum: -855_196_043 },
      { lastId: TIME, previousId: null, checksum: 7 },
    ]);
  });

  it('of trades sums up as many as it counts, of which the last has the quantity', () => {
    const single = { kind: 'trade', receivedAt: 1_652_459_225_702, time: TIME, price: 302_360, isMarketTrade: true };
    const quantity = parseDecimal('0.00020000');
    expect(read(tradeOf('trades'))).toEqual([{ ...single, tradeId: 338_476_309, quantity }]);
    expect(read(tradeOf('trades', { count: '3' }))).toEqual([
      { ...single, tradeId: 338_476_307, quantity: ZERO },
      { ...single, tradeId: 338_476_308, quantity: ZERO },
      { ...single, tradeId: 338_476_309, quantity },
    ]);
    expect(read({ ...arg('trades-all'), data: [TRADE, { ...TRADE, tradeId: '338476310' }] })).toHaveLength(2);
  });

  it('of a second channel of books or trades tells what is known, and is of no use', () => {
    const frames = [tradeOf('trades-all'), tradeOf('trades', { count: '1' }), tradeOf('trades-all', { tradeId: '338476310' })];
    expect(read(...frames)).toMatchObject([{ kind: 'trade' }, { kind: 'other', stream: 'trades' }, { kind: 'trade' }]);
    const books = bookOf('snapshot', { seqId: 10 });
    expect(read(books, { ...books, ...arg('books-l2-tbt') })).toMatchObject([{}, { kind: 'other', stream: 'books-l2-tbt' }]);
  });

  it('of the connection, or of a stream that a feed needs not, is of no use', () => {
    const frames = [
      { event: 'subscribe', ...arg('books') },
      'pong',
      { ...arg('tickers'), data: [] },
      { ...arg('candle1m'), data: [] },
    ];
    expect(read(...frames).map((frame) => frame.kind === 'other' && frame.stream)).toEqual([
      'event',
      'pong',
      'tickers',
      'candle',
    ]);
  });

  it.each([
    ['{"arg":{"chan', /^truncated-line of undefined/],
    ['[]', /^not-a-frame of undefined/],
    [{ data: [] }, /^unknown-stream of undefined/],
    [arg('sentiment'), /^unknown-stream of other/],
    [{ ...bookOf('update', {}), ...arg('books', 'ETH-USDT') }, /^wrong-symbol of depthUpdate/],
    [bookOf('partial', { seqId: 1 }), /^bad-frame of depthUpdate: "action"/],
    [{ ...bookOf('update', {}), data: [] }, /^bad-frame of depthUpdate: a frame without data/],
    [{ ...bookOf('update', {}), data: [null] }, /^bad-frame of depthUpdate: a frame without data/],
    [bookOf('update', { checksum: 0 }), /^bad-frame of depthUpdate: an update with neither/],
    [bookOf('update', { seqId: 2 }), /^bad-frame of depthUpdate: "prevSeqId"/],
    [bookOf('update', { seqId: 2, prevSeqId: -1 }), /^bad-frame of depthUpdate: "prevSeqId"/],
    [bookOf('snapshot', { checksum: 2 ** 31 }), /^bad-frame of snapshot: "checksum"/],
    [bookOf('snapshot', { seqId: 1, ts: TIME }), /^bad-frame of snapshot: "ts" is not a text of digits/],
    [bookOf('snapshot', { seqId: 1, asks: [['30244.15', '1']] }), /^bad-frame of snapshot: "asks": "30244.15"/],
    [bookOf('snapshot', { seqId: 1, asks: [['30244.1', 1]] }), /^bad-frame of snapshot: "asks" has a number/],
    [tradeOf('trades', { sz: '0' }), /^bad-frame of trade: "sz" is zero/],
    [tradeOf('trades', { count: '0' }), /^bad-frame of trade: "count"/],
    [tradeOf('trades', { count: '10001' }), /^bad-frame of trade: "count"/],
    [tradeOf('trades', { tradeId: '1', count: '3' }), /^bad-frame of trade: "count"/],
    [tradeOf('trades', { tradeId: '1e9' }), /^bad-frame of trade: "tradeId"/],
  ])('that is wrong is refused with what is wrong: %j', (frame, sentence) => {
    expect(refusal(frame)).toMatch(sentence);
  });
});
