/**
 * Lines of a raw Binance recording, `<receive ns> <json>`: frames of the combined stream (binance-spot-api-docs,
 * web-socket-streams.md) and depth snapshots from REST, such as
 *
 *     1723161253937085768 {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":50093239189,"u":50093239202,"b":[["61737.63000000","0.00000000"]],"a":[]}}
 *     1723161254087896568 {"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}}
 *     1723161254206652067 {"lastUpdateId":50093239218,"bids":[["61837.63000000","3.78826000"]],"asks":[["61837.64000000","1.60520000"]]}
 */

import { ZERO } from '../../../domain/decimal.ts';
import type { BookSnapshot, DepthUpdate, MarketMessage, Trade } from '../../../domain/feed/messages.ts';
import type { InstrumentSettings } from '../../../domain/settings/settings.ts';
import {
  type Fields,
  idOf,
  levels,
  ofKind,
  parseJson,
  priceUnits,
  RefusedFrameError,
  receiveMs,
  time,
  tradedQuantity,
} from '../frame-fields.ts';

/** The kinds of frames by the stream's name; of any other stream the kind is `other`, so that a feed has few of them. */
const KINDS: ReadonlyMap<string, string> = new Map([
  ['depth', 'depthUpdate'],
  ['depth5', 'partialDepth'],
  ['depth10', 'partialDepth'],
  ['depth20', 'partialDepth'],
  ...['trade', 'aggTrade', 'bookTicker', 'kline', 'ticker', 'miniTicker', 'avgPrice', 'markPrice', 'forceOrder'].map(
    (name) => [name, name] as const,
  ),
]);

/** Streams that a recording of a feed often holds beside those that it needs. */
const UNUSED: ReadonlySet<string> = new Set(['bookTicker', 'aggTrade', 'kline']);

/** Reads one line, whatever the order of its fields. Throws RefusedFrameError. */
export function parseFrame(line: string, instrument: InstrumentSettings): MarketMessage {
  const receivedAt = receiveMs(line);
  const frame = parseJson(line);
  const { stream } = frame;
  if (typeof stream === 'string') {
    const kind = kindOf(stream);
    if (UNUSED.has(kind)) return { kind: 'other', receivedAt, stream: kind };
    return ofKind(kind, () => parseStream(receivedAt, stream, frame.data, instrument));
  }
  if ('lastUpdateId' in frame) return ofKind('snapshot', () => parseSnapshot(receivedAt, frame, instrument));
  throw new RefusedFrameError('unknown-stream', `neither a stream's frame nor a snapshot: ${line.slice(0, 100)}`);
}

/** `btcusdt@kline_1m` is a `kline`. */
function kindOf(stream: string): string {
  return KINDS.get(stream.split('@')[1]?.split('_')[0] ?? '') ?? 'other';
}

function parseStream(receivedAt: number, stream: string, data: unknown, instrument: InstrumentSettings): MarketMessage {
  const kind = stream.split('@')[1];
  if (kind !== 'depth' && kind !== 'trade') throw new RefusedFrameError('unknown-stream', `the stream "${stream.slice(0, 60)}"`);
  if (typeof data !== 'object' || data === null) throw new RefusedFrameError('bad-frame', `a ${kind} frame without data`);
  const fields = data as Fields;
  if (fields.s !== instrument.symbol) {
    throw new RefusedFrameError('wrong-symbol', `a ${kind} frame of ${JSON.stringify(fields.s)}, not of "${instrument.symbol}"`);
  }
  return kind === 'depth' ? parseDepth(receivedAt, fields, instrument) : parseTrade(receivedAt, fields, instrument);
}

function parseSnapshot(receivedAt: number, fields: Fields, instrument: InstrumentSettings): BookSnapshot {
  return {
    kind: 'snapshot',
    receivedAt,
    updateId: idOf(fields, 'lastUpdateId'),
    bids: levels(fields, 'bids', instrument),
    asks: levels(fields, 'asks', instrument),
  };
}

function parseDepth(receivedAt: number, fields: Fields, instrument: InstrumentSettings): DepthUpdate {
  const firstId = idOf(fields, 'U');
  const lastId = idOf(fields, 'u');
  if (lastId < firstId)
    throw new RefusedFrameError('bad-frame', `the last update "u" ${lastId} is below the first "U" ${firstId}`);
  return {
    kind: 'depth',
    receivedAt,
    eventTime: time(fields, 'E'),
    firstId,
    lastId,
    previousId: 'pu' in fields ? idOf(fields, 'pu') : null,
    bids: levels(fields, 'b', instrument),
    asks: levels(fields, 'a', instrument),
  };
}

/** Futures say in `X` what kind of print it is; spot has trades of the market only. */
function parseTrade(receivedAt: number, fields: Fields, instrument: InstrumentSettings): Trade {
  const isMarketTrade = !('X' in fields) || fields.X === 'MARKET';
  const price = isMarketTrade ? priceUnits('p', fields.p, instrument) : 0;
  return {
    kind: 'trade',
    receivedAt,
    time: time(fields, 'T'),
    tradeId: idOf(fields, 't'),
    price,
    quantity: isMarketTrade ? tradedQuantity('q', fields.q, price, instrument) : ZERO,
    isMarketTrade,
  };
}
