/**
 * Lines of a raw OKX v5 recording, `<receive ns> <json>`: frames of the public and the business stream, such as
 *
 *     1652459225702142000 {"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":[{"asks":[["30244.1","0.2","0","3"]],"bids":[["30243.4","0.0012029","0","1"]],"ts":"1652459225381","checksum":0,"prevSeqId":-1,"seqId":123456}]}
 *     1652459225803142000 {"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"338476307","px":"30236","sz":"0.0002","side":"buy","ts":"1652459224818","count":"3"}]}
 *
 * Until 2023 updates had no ids and a checksum; since June 2026 the checksum is 0 always. Either tells whether something is
 * missing; the checksum of the best 25 levels only.
 *
 * `trades` sums up what one taker's order did at one price: `count` trades, of which it names the last. `trades-all` has
 * them one by one. A recording may hold several channels of books or of trades, which tell the same: the first one counts.
 */

import { ZERO } from '../../../domain/decimal.ts';
import type { BookSnapshot, DepthUpdate, MarketMessage, Trade } from '../../../domain/feed/messages.ts';
import type { InstrumentSettings } from '../../../domain/settings/settings.ts';
import {
  type Fields,
  idOf,
  idTextOf,
  levels,
  objectsOf,
  ofKind,
  parseJson,
  priceUnits,
  RefusedFrameError,
  receiveMs,
  timeText,
  tradedQuantity,
} from '../frame-fields.ts';
import type { FrameReader, VenueFrames } from '../venue-frames.ts';

const BOOKS: ReadonlySet<string> = new Set(['books', 'books-l2-tbt', 'books50-l2-tbt']);
const TRADES: ReadonlySet<string> = new Set(['trades', 'trades-all']);
const UNUSED: ReadonlySet<string> = new Set([
  'tickers',
  'bbo-tbt',
  'books5',
  'instruments',
  'status',
  'mark-price',
  'index-tickers',
  'funding-rate',
  'open-interest',
  'price-limit',
]);

/** Most trades that one message sums up. */
const MOST_SUMMED_UP = 10_000;
/** What ends a text that keeps the connection alive. */
const PONG = ' pong';

export const okx: VenueFrames = {
  venue: 'okx',
  snapshots: 'streamed',
  open: (instrument) => new OkxReader(instrument),
};

class OkxReader implements FrameReader {
  readonly #instrument: InstrumentSettings;
  /** The channels that count, once they are known. */
  #books: string | undefined;
  #trades: string | undefined;

  constructor(instrument: InstrumentSettings) {
    this.#instrument = instrument;
  }

  /** Every line is parsed. */
  scan(): undefined {
    return undefined;
  }

  parse(line: string): readonly MarketMessage[] {
    if (line.endsWith(PONG))
      return [{ kind: 'other', receivedAt: receiveMs(`${line.slice(0, -PONG.length)} {`), stream: 'pong' }];
    const receivedAt = receiveMs(line);
    const frame = parseJson(line);
    if (typeof frame.event === 'string') return [{ kind: 'other', receivedAt, stream: 'event' }];
    const [arg] = objectsOf([frame.arg]);
    const channel = arg?.channel;
    if (arg === undefined || typeof channel !== 'string') {
      throw new RefusedFrameError('unknown-stream', `no frame of a channel: ${line.slice(0, 100)}`);
    }
    if (BOOKS.has(channel)) {
      const kind = frame.action === 'snapshot' ? 'snapshot' : 'depthUpdate';
      return ofKind(kind, () => this.#parseBooks(receivedAt, channel, arg, frame));
    }
    if (TRADES.has(channel)) return ofKind('trade', () => this.#parseTrades(receivedAt, channel, arg, frame));
    const stream = channel.startsWith('candle') ? 'candle' : channel;
    if (stream !== 'candle' && !UNUSED.has(stream)) {
      throw new RefusedFrameError('unknown-stream', `the channel "${channel.slice(0, 60)}"`, 'other');
    }
    return [{ kind: 'other', receivedAt, stream }];
  }

  #parseBooks(receivedAt: number, channel: string, arg: Fields, frame: Fields): readonly MarketMessage[] {
    this.#checkSymbol(arg);
    this.#books ??= channel;
    if (channel !== this.#books) return [{ kind: 'other', receivedAt, stream: channel }];
    const { action } = frame;
    if (action !== 'snapshot' && action !== 'update') {
      throw new RefusedFrameError('bad-frame', '"action" is neither "snapshot" nor "update"');
    }
    const parse = action === 'snapshot' ? parseSnapshot : parseUpdate;
    return dataOf(frame).map((fields) => parse(receivedAt, fields, this.#instrument));
  }

  #parseTrades(receivedAt: number, channel: string, arg: Fields, frame: Fields): readonly MarketMessage[] {
    this.#checkSymbol(arg);
    this.#trades ??= channel;
    if (channel !== this.#trades) return [{ kind: 'other', receivedAt, stream: channel }];
    return dataOf(frame).flatMap((fields) => parseTrades(receivedAt, fields, this.#instrument));
  }

  #checkSymbol({ instId }: Fields): void {
    const { symbol } = this.#instrument;
    if (instId !== symbol) {
      throw new RefusedFrameError('wrong-symbol', `a frame of ${JSON.stringify(instId)}, not of "${symbol}"`);
    }
  }
}

function dataOf({ data }: Fields): readonly Fields[] {
  const objects = objectsOf(data);
  if (objects.length === 0) throw new RefusedFrameError('bad-frame', 'a frame without data');
  return objects;
}

function parseSnapshot(receivedAt: number, fields: Fields, instrument: InstrumentSettings): BookSnapshot {
  const eventTime = timeText(fields, 'ts');
  const updateId = 'seqId' in fields ? idOf(fields, 'seqId') : eventTime;
  return {
    kind: 'snapshot',
    receivedAt,
    eventTime,
    updateId,
    bids: levels(fields, 'bids', instrument),
    asks: levels(fields, 'asks', instrument),
    ...checksumOf(fields),
  };
}

/** Of one without ids its time is the id. */
function parseUpdate(receivedAt: number, fields: Fields, instrument: InstrumentSettings): DepthUpdate {
  const eventTime = timeText(fields, 'ts');
  const checksum = checksumOf(fields);
  const hasIds = 'seqId' in fields;
  if (!hasIds && checksum.checksum === undefined) {
    throw new RefusedFrameError('bad-frame', 'an update with neither "seqId" nor "checksum": nothing shows what it follows');
  }
  const id = hasIds ? idOf(fields, 'seqId') : eventTime;
  return {
    kind: 'depth',
    receivedAt,
    eventTime,
    firstId: id,
    lastId: id,
    previousId: hasIds ? idOf(fields, 'prevSeqId') : null,
    bids: levels(fields, 'bids', instrument),
    asks: levels(fields, 'asks', instrument),
    ...checksum,
  };
}

function checksumOf({ checksum = 0 }: Fields): { readonly checksum?: number } {
  if (typeof checksum !== 'number' || checksum !== (checksum | 0)) {
    throw new RefusedFrameError('bad-frame', '"checksum" is not a whole number of 32 bits');
  }
  return checksum === 0 ? {} : { checksum };
}

/**
 * The trades that a message sums up, as far as it tells them: each at its price and time, and the last with the quantity of
 * all. What a bar makes of them is the same, for they are of one time.
 */
function parseTrades(receivedAt: number, fields: Fields, instrument: InstrumentSettings): Trade[] {
  const lastId = idTextOf(fields, 'tradeId');
  const count = 'count' in fields ? idTextOf(fields, 'count') : 1;
  if (count < 1 || count > MOST_SUMMED_UP || count > lastId + 1) {
    throw new RefusedFrameError('bad-frame', `"count" ${count} is no number of trades up to ${lastId}`);
  }
  const price = priceUnits('px', fields.px, instrument);
  const quantity = tradedQuantity('sz', fields.sz, price, instrument);
  const time = timeText(fields, 'ts');
  return Array.from({ length: count }, (_, index) => {
    const tradeId = lastId - count + 1 + index;
    const share = tradeId === lastId ? quantity : ZERO;
    return { kind: 'trade', receivedAt, time, tradeId, price, quantity: share, isMarketTrade: true };
  });
}
