/**
 * Lines of a raw Binance recording, `<receive ns> <json>`: frames of the combined stream (binance-spot-api-docs,
 * web-socket-streams.md) and depth snapshots from REST, such as
 *
 *     1723161253937085768 {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":50093239189,"u":50093239202,"b":[["61737.63000000","0.00000000"]],"a":[]}}
 *     1723161254087896568 {"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}}
 *     1723161254206652067 {"lastUpdateId":50093239218,"bids":[["61837.63000000","3.78826000"]],"asks":[["61837.64000000","1.60520000"]]}
 */

import { compare, type Decimal, formatDecimal, isDecimal, parseDecimal, ZERO } from '../../../domain/decimal.ts';
import type { BookSnapshot, DepthUpdate, Levels, MarketMessage, Trade } from '../../../domain/feed/messages.ts';
import type { TallyReason } from '../../../domain/feed/tally.ts';
import { parseQuantity, parseUnits, type Quantity, quantityToDecimal, UnitsError } from '../../../domain/feed/units.ts';
import { contractTerms, turnoverOf, volumesOf } from '../../../domain/market/contract.ts';
import type { InstrumentSettings } from '../../../domain/settings/settings.ts';

/** A line that is refused: under which reason it counts, and what is wrong with it. */
export class RefusedFrameError extends Error {
  readonly reason: TallyReason;
  /** The kind of frame that it is; undefined where it is none. */
  readonly kind: string | undefined;

  constructor(reason: TallyReason, message: string, kind?: string) {
    super(message);
    this.reason = reason;
    this.kind = kind;
  }
}

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

/** Most levels of a side in one message; the venue's greatest snapshot has 5,000. */
export const MAX_LEVELS = 20_000;
/** Far above any venue's ids, and so small that what is counted on from them is exact. */
const MAX_ID = 10 ** 15;
/** The year 9999: later times have no form on the tape. */
const MAX_TIME = 253_402_300_799_999;

/** Far above any trade's, in the base or the quote asset. */
const TOO_MUCH = parseDecimal('1000000000000000000000000');

const LINE = /^(\d{16,20}) (?=\{)/;

type Fields = Readonly<Record<string, unknown>>;

/** Reads one line, whatever the order of its fields. Throws RefusedFrameError. */
export function parseFrame(line: string, instrument: InstrumentSettings): MarketMessage {
  const receivedAt = receiveMs(line);
  const frame = parseJson(line);
  const { stream } = frame;
  if (typeof stream === 'string') return ofKind(kindOf(stream), () => parseStream(receivedAt, stream, frame.data, instrument));
  if ('lastUpdateId' in frame) return ofKind('snapshot', () => parseSnapshot(receivedAt, frame, instrument));
  throw new RefusedFrameError('unknown-stream', `neither a stream's frame nor a snapshot: ${line.slice(0, 100)}`);
}

/** `btcusdt@kline_1m` is a `kline`. */
function kindOf(stream: string): string {
  return KINDS.get(stream.split('@')[1]?.split('_')[0] ?? '') ?? 'other';
}

/** What `parse` reads; what it refuses is refused as a frame of that kind. */
function ofKind(kind: string, parse: () => MarketMessage): MarketMessage {
  try {
    return parse();
  } catch (error) {
    if (error instanceof RefusedFrameError) throw new RefusedFrameError(error.reason, error.message, kind);
    throw error;
  }
}

function receiveMs(line: string): number {
  const match = LINE.exec(line);
  if (match === null) throw new RefusedFrameError('not-a-frame', `"${line.slice(0, 60)}" is not \`<receive ns> {frame}\``);
  return Number((match[1] as string).slice(0, -6));
}

function parseJson(line: string): Fields {
  try {
    return JSON.parse(line.slice(line.indexOf(' ') + 1)) as Fields;
  } catch (error) {
    const message = (error as Error).message.slice(0, 100);
    if (line.endsWith('}')) throw new RefusedFrameError('not-a-frame', `the frame is not JSON: ${message}`);
    throw new RefusedFrameError('truncated-line', `the line ends within its frame: ${message}`);
  }
}

function parseStream(receivedAt: number, stream: string, data: unknown, instrument: InstrumentSettings): MarketMessage {
  const kind = stream.split('@')[1];
  if (kind === 'bookTicker' || kind === 'aggTrade') return { kind: 'other', receivedAt, stream: kind };
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
    quantity: isMarketTrade ? tradedQuantity(fields.q, price, instrument) : ZERO,
    isMarketTrade,
  };
}

function levels(fields: Fields, name: string, instrument: InstrumentSettings): Levels {
  const pairs = fields[name];
  if (!Array.isArray(pairs)) throw new RefusedFrameError('bad-frame', `"${name}" is not a list of levels`);
  if (pairs.length > MAX_LEVELS) throw new RefusedFrameError('bad-frame', `"${name}" has more than ${MAX_LEVELS} levels`);
  const prices: number[] = [];
  const quantities: Quantity[] = [];
  for (const pair of pairs as unknown[]) {
    const [price, quantity] = Array.isArray(pair) ? (pair as unknown[]) : [];
    prices.push(priceUnits(name, price, instrument));
    quantities.push(quantityOf(name, quantity));
  }
  return { prices, quantities };
}

function tradedQuantity(text: unknown, price: number, instrument: InstrumentSettings): Decimal {
  const quantity = quantityOf('q', text);
  if (quantity === 0) throw new RefusedFrameError('bad-frame', '"q" is zero');
  const value = quantityToDecimal(quantity);
  // What fits into units cannot be too much of what is no larger contract.
  if ((typeof quantity === 'string' || instrument.contractSize !== '1') && !fitsBars(value, price, instrument)) {
    throw new RefusedFrameError('bad-frame', `"q": "${quantity}" at that price is too large or too fine for a bar`);
  }
  return value;
}

/** So small that a day of them, added up, is still a number that an event can hold, and no finer than one. */
function fitsBars(quantity: Decimal, price: number, instrument: InstrumentSettings): boolean {
  const terms = contractTerms(instrument);
  const { volume, quoteVolume } = volumesOf(terms, quantity, turnoverOf(terms, price, quantity));
  return [quantity, volume, quoteVolume].every((sum) => isDecimal(formatDecimal(sum)) && compare(sum, TOO_MUCH) < 0);
}

function priceUnits(name: string, text: unknown, instrument: InstrumentSettings): number {
  const units = reading(name, text, (price) => parseUnits(price, instrument.priceScale));
  if (units === 0) throw new RefusedFrameError('bad-frame', `"${name}" has the price zero`);
  return units;
}

function quantityOf(name: string, text: unknown): Quantity {
  return reading(name, text, parseQuantity);
}

function reading<T>(name: string, text: unknown, read: (text: string) => T): T {
  if (typeof text !== 'string') throw new RefusedFrameError('bad-frame', `"${name}" has a number that is not in a string`);
  try {
    return read(text);
  } catch (error) {
    if (error instanceof UnitsError) throw new RefusedFrameError('bad-frame', `"${name}": ${error.message}`);
    throw error;
  }
}

function wholeNumber(fields: Fields, name: string): number {
  const value = fields[name];
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw new RefusedFrameError('bad-frame', `"${name}" is not a whole number of zero or more`);
  }
  return value as number;
}

function idOf(fields: Fields, name: string): number {
  const value = wholeNumber(fields, name);
  if (value >= MAX_ID) throw new RefusedFrameError('bad-frame', `"${name}" ${value} is above all ids`);
  return value;
}

function time(fields: Fields, name: string): number {
  const value = wholeNumber(fields, name);
  if (value > MAX_TIME) throw new RefusedFrameError('bad-frame', `"${name}" ${value} is not a time in milliseconds`);
  return value;
}
