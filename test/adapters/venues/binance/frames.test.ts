import { describe, expect, it } from 'vitest';
import { parseFrame } from '../../../../src/adapters/venues/binance/frames.ts';
import { RefusedFrameError } from '../../../../src/adapters/venues/frame-fields.ts';
import { BTCUSDT } from '../../../support/fixtures.ts';

const DEPTH =
  '1723161253937085768 {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":50093239189,"u":50093239202,"b":[["61737.63000000","0.00000000"]],"a":[["61837.64000000","1.54698000"],["61839.85000000","25.42618900"]]}}';
const TRADE =
  '1723161254087896568 {"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}}';
const QUOTE =
  '1723161254087891268 {"stream":"btcusdt@bookTicker","data":{"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"}}';
const SNAPSHOT =
  '1723161254206652067 {"lastUpdateId":50093239218,"bids":[["61837.63000000","3.78826000"]],"asks":[["61837.64000000","1.60520000"]]}';

function refusal(line: string): string {
  try {
    parseFrame(line, BTCUSDT);
  } catch (error) {
    if (error instanceof RefusedFrameError) return `${error.reason}: ${error.message}`;
    throw error;
  }
  return 'taken';
}

describe('a line of a Binance recording', () => {
  it('is a depth update', () => {
    expect(parseFrame(DEPTH, BTCUSDT)).toEqual({
      kind: 'depth',
      receivedAt: 1_723_161_253_937,
      eventTime: 1_723_161_255_208,
      firstId: 50_093_239_189,
      lastId: 50_093_239_202,
      previousId: null,
      bids: { prices: [6_173_763], quantities: [0] },
      asks: { prices: [6_183_764, 6_183_985], quantities: [154_698_000, 2_542_618_900] },
    });
  });

  it('is a depth update of futures, which names the one before it', () => {
    expect(parseFrame(DEPTH.replace('"b":', '"pu":50093239100,"b":'), BTCUSDT)).toMatchObject({ previousId: 50_093_239_100 });
  });

  it('is a depth update whatever the order of its fields', () => {
    const [ns, json] = [DEPTH.slice(0, 19), JSON.parse(DEPTH.slice(20))];
    const turned = { data: Object.fromEntries(Object.entries(json.data).toReversed()), stream: json.stream };
    expect(parseFrame(`${ns} ${JSON.stringify(turned)}`, BTCUSDT)).toEqual(parseFrame(DEPTH, BTCUSDT));
  });

  it('is a trade', () => {
    expect(parseFrame(TRADE, BTCUSDT)).toEqual({
      kind: 'trade',
      receivedAt: 1_723_161_254_087,
      time: 1_723_161_255_342,
      tradeId: 3_735_683_259,
      price: 6_183_763,
      quantity: { units: 2_000_000n, scale: 8 },
      isMarketTrade: true,
    });
  });

  it('is a print that no market made, whose price and quantity do not matter', () => {
    const fund = TRADE.replace('"m":true', '"X":"INSURANCE_FUND","m":true');
    const empty = TRADE.replace('"61837.63000000"', '"0"').replace('"0.02000000"', '"0"').replace('"m":true', '"X":"","m":true');
    for (const line of [fund, empty])
      expect(parseFrame(line, BTCUSDT)).toMatchObject({ tradeId: 3_735_683_259, isMarketTrade: false });
    expect(parseFrame(TRADE.replace('"m":true', '"X":"MARKET","m":true'), BTCUSDT)).toMatchObject({ isMarketTrade: true });
  });

  it('is a snapshot', () => {
    expect(parseFrame(SNAPSHOT, BTCUSDT)).toEqual({
      kind: 'snapshot',
      receivedAt: 1_723_161_254_206,
      updateId: 50_093_239_218,
      bids: { prices: [6_183_763], quantities: [378_826_000] },
      asks: { prices: [6_183_764], quantities: [160_520_000] },
    });
  });

  it('is a sign of life when it is a quote or an aggregated trade', () => {
    expect(parseFrame(QUOTE, BTCUSDT)).toEqual({ kind: 'other', receivedAt: 1_723_161_254_087, stream: 'bookTicker' });
    expect(parseFrame(QUOTE.replace('bookTicker', 'kline_1m'), BTCUSDT)).toMatchObject({ kind: 'other', stream: 'kline' });
    expect(parseFrame(QUOTE.replace('bookTicker', 'aggTrade'), BTCUSDT)).toEqual({
      kind: 'other',
      receivedAt: 1_723_161_254_087,
      stream: 'aggTrade',
    });
  });

  it.each<[string, string, RegExp]>([
    ['is cut off', DEPTH.slice(0, 150), /^truncated-line: the line ends within its frame/],
    ['is a quote cut off', QUOTE.slice(0, 100), /^truncated-line/],
    ['is cut off after a brace', DEPTH.slice(0, -1), /^not-a-frame: the frame is not JSON/],
    ['has no receive time', DEPTH.slice(20), /^not-a-frame: .* is not `<receive ns> {frame}`/],
    ['has no JSON', '1723161253937085768 hello', /^not-a-frame/],
    ['is not JSON', `${DEPTH.slice(0, 19)} {"stream":btcusdt@depth}`, /^not-a-frame: the frame is not JSON/],
    ['is of another stream', DEPTH.replace('@depth@100ms', '@avgPrice'), /^unknown-stream: the stream "btcusdt@avgPrice"/],
    ['is of a partial book', DEPTH.replace('@depth@100ms', '@depth20'), /^unknown-stream: the stream "btcusdt@depth20"/],
    ['is an answer of the venue', '1723161253937085768 {"result":null,"id":1}', /^unknown-stream: neither a stream/],
    [
      'is of another symbol',
      DEPTH.replace('"BTCUSDT"', '"ETHUSDT"'),
      /^wrong-symbol: a depth frame of "ETHUSDT", not of "BTCUSDT"/,
    ],
    ['has no data', '1723161253937085768 {"stream":"btcusdt@depth","data":null}', /^bad-frame: a depth frame without data/],
    ['has a negative quantity', DEPTH.replace('"1.54698000"', '"-1.5"'), /^bad-frame: "a": "-1.5" is negative/],
    ['has a quantity that is none', DEPTH.replace('"1.54698000"', '"many"'), /^bad-frame: "a": "many" is not a decimal number/],
    [
      'has a number in place of a text',
      DEPTH.replace('"1.54698000"', '1.5'),
      /^bad-frame: "a" has a number that is not in a string/,
    ],
    [
      'has a price too fine',
      DEPTH.replace('61837.64000000', '61837.64100000'),
      /^bad-frame: "a": .* more than the instrument's 2/,
    ],
    ['has a price of zero', DEPTH.replace('61837.64000000', '0'), /^bad-frame: "a" has the price zero/],
    [
      'has a level of one',
      DEPTH.replace('["61837.64000000","1.54698000"]', '["61837.64"]'),
      /^bad-frame: "a" has a number that is not/,
    ],
    [
      'has a level that is none',
      DEPTH.replace('["61837.64000000","1.54698000"]', '7'),
      /^bad-frame: "a" has a number that is not/,
    ],
    ['has no list of levels', DEPTH.replace('"b":[["61737.63000000","0.00000000"]]', '"b":{}'), /^bad-frame: "b" is not a list/],
    [
      'trades more than a bar can hold',
      TRADE.replace('0.02000000', '9'.repeat(29)),
      /^bad-frame: "q": "9+" at that price is too large or too fine for a bar/,
    ],
    ['trades what is worth more than that', TRADE.replace('0.02000000', '9'.repeat(20)), /^bad-frame: "q": .* too large/],
    ['trades a dust that no bar can hold', TRADE.replace('0.02000000', `0.${'0'.repeat(23)}1`), /^bad-frame: "q": .* too fine/],
    ['has ids out of order', DEPTH.replace('"u":50093239202', '"u":5'), /^bad-frame: the last update "u" 5 is below the first/],
    [
      'has an id above all',
      DEPTH.replace('"u":50093239202', '"u":1000000000000000'),
      /^bad-frame: "u" 1000000000000000 is above all ids/,
    ],
    ['has half an id', DEPTH.replace('"U":50093239189', '"U":1.5'), /^bad-frame: "U" is not a whole number/],
    ['has no id', DEPTH.replace('"U":50093239189,', ''), /^bad-frame: "U" is not a whole number/],
    [
      'has a time beyond all',
      DEPTH.replace('"E":1723161255208', '"E":1723161255208000'),
      /^bad-frame: "E" 1723161255208000 is not a time/,
    ],
    ['is a trade of nothing', TRADE.replace('"0.02000000"', '"0.00000000"'), /^bad-frame: "q" is zero/],
    ['is a trade of less', TRADE.replace('"0.02000000"', '"-0.02"'), /^bad-frame: "q": "-0.02" is negative/],
    ['is a trade at no price', TRADE.replace('"61837.63000000"', '"0.00"'), /^bad-frame: "p" has the price zero/],
    ['is a snapshot without an id', SNAPSHOT.replace('50093239218', '"x"'), /^bad-frame: "lastUpdateId" is not a whole number/],
  ])('that %s is refused with the reason', (_what, line, message) => {
    expect(refusal(line)).toMatch(message);
  });
});
