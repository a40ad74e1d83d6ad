/**
 * Lines of a raw Bybit v5 recording, `<receive ns> <json>`: frames of the public stream, such as
 *
 *     1733011200750142000 {"topic":"orderbook.500.XRPUSDT","type":"delta","ts":1733011200693,"data":{"s":"XRPUSDT","b":[["1.9531","6198"]],"a":[["1.9540","0"]],"u":20254870,"seq":130020239001},"cts":1733011200690}
 *     1733011200751142000 {"topic":"publicTrade.XRPUSDT","type":"snapshot","ts":1733011200700,"data":[{"T":1733011200695,"s":"XRPUSDT","S":"Buy","v":"20","p":"1.9532","i":"2290000000067000001","BT":false}]}
 *
 * The venue's documents do not say that `u` counts up by one, recordings do. `u` 1 says that the service was restarted: the
 * frame is the book, whatever its type. The ids of trades do not count up, so nothing shows whether one is missing.
 *
 * A recording may hold books of several depths, which tell the same: the first one counts. That of depth 1 is a quote only.
 */

import { ZERO } from '../../../domain/decimal.ts';
import type { MarketMessage, Trade } from '../../../domain/feed/messages.ts';
import type { InstrumentSettings } from '../../../domain/settings/settings.ts';
import {
  type Fields,
  idOf,
  levels,
  objectsOf,
  ofKind,
  parseJson,
  priceUnits,
  RefusedFrameError,
  receiveMs,
  time,
  tradedQuantity,
} from '../frame-fields.ts';
import type { FrameReader, VenueFrames } from '../venue-frames.ts';

const BOOK = /^orderbook\.(?:[2-9]|\d{2,4})\./;
const TRADES = /^publicTrade\./;
const UNUSED: ReadonlySet<string> = new Set(['orderbook', 'tickers', 'kline', 'liquidation', 'allLiquidation', 'priceLimit']);

/** The longest id of a trade. */
const MOST_ID_CHARACTERS = 64;
/** `u` of the first book after the service was restarted. */
const RESTARTED = 1;

export const bybit: VenueFrames = {
  venue: 'bybit',
  snapshots: 'streamed',
  open: (instrument) => new BybitReader(instrument),
};

class BybitReader implements FrameReader {
  readonly #instrument: InstrumentSettings;
  /** The topic of the books that count, once it is known. */
  #books: string | undefined;

  constructor(instrument: InstrumentSettings) {
    this.#instrument = instrument;
  }

  /** Every line is parsed. */
  scan(): undefined {
    return undefined;
  }

  parse(line: string): readonly MarketMessage[] {
    const receivedAt = receiveMs(line);
    const frame = parseJson(line);
    const { topic } = frame;
    if (typeof topic !== 'string') {
      if ('op' in frame || 'success' in frame) return [{ kind: 'other', receivedAt, stream: 'event' }];
      throw new RefusedFrameError('unknown-stream', `no frame of a topic: ${line.slice(0, 100)}`);
    }
    if (BOOK.test(topic)) return [this.#parseBook(receivedAt, topic, frame)];
    if (TRADES.test(topic)) return ofKind('trade', () => this.#parseTrades(receivedAt, frame));
    const stream = topic.split('.')[0] as string;
    if (UNUSED.has(stream)) return [{ kind: 'other', receivedAt, stream }];
    throw new RefusedFrameError('unknown-stream', `the topic "${topic.slice(0, 60)}"`, 'other');
  }

  #parseBook(receivedAt: number, topic: string, frame: Fields): MarketMessage {
    const { type } = frame;
    const [data] = objectsOf([frame.data]);
    const isSnapshot = type === 'snapshot' || data?.u === RESTARTED;
    return ofKind(isSnapshot ? 'snapshot' : 'depthUpdate', () => {
      if (data === undefined) throw new RefusedFrameError('bad-frame', 'a frame without data');
      this.#checkSymbol(data);
      this.#books ??= topic;
      if (topic !== this.#books) return { kind: 'other', receivedAt, stream: 'orderbook' };
      if (type !== 'snapshot' && type !== 'delta') {
        throw new RefusedFrameError('bad-frame', '"type" is neither "snapshot" nor "delta"');
      }
      const id = idOf(data, 'u');
      const eventTime = time(frame, 'cts' in frame ? 'cts' : 'ts');
      const sides = { bids: levels(data, 'b', this.#instrument), asks: levels(data, 'a', this.#instrument) };
      if (isSnapshot) return { kind: 'snapshot', receivedAt, eventTime, updateId: id, ...sides };
      return { kind: 'depth', receivedAt, eventTime, firstId: id, lastId: id, previousId: id - 1, ...sides };
    });
  }

  #parseTrades(receivedAt: number, { data }: Fields): readonly MarketMessage[] {
    const trades = objectsOf(data);
    if (trades.length === 0) throw new RefusedFrameError('bad-frame', 'a frame without data');
    return trades.map((fields) => {
      this.#checkSymbol(fields);
      return parseTrade(receivedAt, fields, this.#instrument);
    });
  }

  #checkSymbol({ s }: Fields): void {
    const { symbol } = this.#instrument;
    if (s !== symbol) throw new RefusedFrameError('wrong-symbol', `a frame of ${JSON.stringify(s)}, not of "${symbol}"`);
  }
}

/** A block trade (`BT`) was agreed on beside the book: the market did not make it. */
function parseTrade(receivedAt: number, fields: Fields, instrument: InstrumentSettings): Trade {
  const { i: name, BT: isBlock = false } = fields;
  if (typeof name !== 'string' || name === '' || name.length > MOST_ID_CHARACTERS) {
    throw new RefusedFrameError('bad-frame', '"i" is no id of a trade');
  }
  const isMarketTrade = isBlock !== true;
  const price = isMarketTrade ? priceUnits('p', fields.p, instrument) : 0;
  return {
    kind: 'trade',
    receivedAt,
    time: time(fields, 'T'),
    tradeId: 0,
    name,
    price,
    quantity: isMarketTrade ? tradedQuantity('v', fields.v, price, instrument) : ZERO,
    isMarketTrade,
  };
}
