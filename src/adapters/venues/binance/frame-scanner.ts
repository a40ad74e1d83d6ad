/**
 * The frames that a recording is full of, read in one pass over their bytes, which takes a fraction of JSON.parse's
 * time and makes nothing but what the session needs. Only lines of exactly the shape that spot always sends are read:
 *
 *     <19 digits> {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":..,"s":"BTCUSDT","U":..,"u":..,"b":[["61737.63000000","0.00000000"],..],"a":[..]}}
 *     <19 digits> {"stream":"btcusdt@trade","data":{"e":"trade","E":..,"s":"BTCUSDT","t":..,"p":"..","q":"..","T":..,"m":true,"M":true}}
 *     <19 digits> {"stream":"btcusdt@bookTicker","data":{"u":..,"s":"BTCUSDT","b":"..","B":"..","a":"..","A":".."}}
 *
 * At the first byte that is otherwise, good or bad, the line is left to the parser, which says what is wrong with it,
 * if anything is. What is read here is what the parser would read: `npm run fuzz` compares them.
 */

import type { DepthUpdate, Levels, MarketMessage, OtherMessage, Trade } from '../../../domain/feed/messages.ts';
import { QUANTITY_SCALE } from '../../../domain/feed/units.ts';
import type { InstrumentSettings } from '../../../domain/settings/settings.ts';
import { MAX_LEVELS } from '../frame-fields.ts';

/** Of a time in milliseconds: from 2001 to 2286. */
const TIME_DIGITS = 13;
const NANOSECOND_DIGITS = 6;
/** More digits may be no safe integer. */
const MAX_ID_DIGITS = 15;
/** More digits do not fit 32 bits. */
const MAX_DIGITS = 9;
/** Decimal places of every price and quantity that the venue writes. */
const DECIMALS = 8;
const POWERS_OF_TEN: readonly number[] = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];
/** Bytes that are read at once may go beyond a line's end by so many. */
const READ_AHEAD = 8;

const QUOTE = 34;
const COMMA = 44;
const POINT = 46;
const ZERO = 48;
const OPEN = 91;
const CLOSE = 93;

/** The value that stands for a text that is no number of the shape. */
const NONE = -1;

/** A text that comes at its place in every frame of a kind: whole words of four bytes, and the bytes that are left. */
interface Literal {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
}

const FIRST_ID = literal(',"U":');
const LAST_ID = literal(',"u":');
const BIDS = literal(',"b":[');
const ASKS = literal(',"a":[');
const END = literal('}}');
const TRADE_ID = literal(',"t":');
const PRICE = literal(',"p":"');
const QUANTITY = literal(',"q":"');
const TRADE_TIME = literal(',"T":');
const MAKER = literal(',"m":');
const IGNORED = literal(',"M":');
const TRUE = literal('true');
const FALSE = literal('false');
const QUOTE_FIELDS = [',"b":"', ',"B":"', ',"a":"', ',"A":"'].map(literal);

export class FrameScanner {
  readonly #priceScale: number;
  readonly #hasContracts: boolean;
  readonly #depth: readonly Literal[];
  readonly #trade: Literal;
  readonly #quote: Literal;
  readonly #symbol: Literal;
  #bytes: Uint8Array = new Uint8Array(0);
  /** The same bytes, read four at once. */
  #words: DataView = new DataView(new ArrayBuffer(0));
  /** The next byte that is read. */
  #at = 0;

  constructor(instrument: InstrumentSettings) {
    const { symbol } = instrument;
    const stream = ` {"stream":"${symbol.toLowerCase()}@`;
    this.#priceScale = instrument.priceScale;
    this.#hasContracts = instrument.contractSize !== '1';
    this.#depth = ['depth@100ms', 'depth'].map((name) => literal(`${stream}${name}","data":{"e":"depthUpdate","E":`));
    this.#trade = literal(`${stream}trade","data":{"e":"trade","E":`);
    this.#quote = literal(`${stream}bookTicker","data":{"u":`);
    this.#symbol = literal(`,"s":"${symbol}"`);
  }

  /** The frame in the line from `start` to `end`, or undefined when the parser has to see to it. */
  scan(bytes: Uint8Array, start: number, end: number): MarketMessage | undefined {
    if (end + READ_AHEAD > bytes.length || this.#priceScale > DECIMALS) return undefined;
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.#at = start;
    const receivedAt = this.#receiveTime();
    if (receivedAt < 0) return undefined;
    const frame = this.#frame(receivedAt);
    return frame !== undefined && this.#skip(END) && this.#at === end ? frame : undefined;
  }

  #frame(receivedAt: number): MarketMessage | undefined {
    if (this.#skip(this.#quote)) return this.#quoteFrame(receivedAt);
    if (this.#skip(this.#trade)) return this.#tradeFrame(receivedAt);
    for (const depth of this.#depth) if (this.#skip(depth)) return this.#depthFrame(receivedAt);
    return undefined;
  }

  #depthFrame(receivedAt: number): DepthUpdate | undefined {
    const eventTime = this.#time();
    if (eventTime < 0 || !this.#skip(this.#symbol) || !this.#skip(FIRST_ID)) return undefined;
    const firstId = this.#id();
    if (firstId < 0 || !this.#skip(LAST_ID)) return undefined;
    const lastId = this.#id();
    if (lastId < firstId || !this.#skip(BIDS)) return undefined;
    const bids = this.#levels();
    if (bids === undefined || !this.#skip(ASKS)) return undefined;
    const asks = this.#levels();
    if (asks === undefined) return undefined;
    return { kind: 'depth', receivedAt, eventTime, firstId, lastId, previousId: null, bids, asks };
  }

  #tradeFrame(receivedAt: number): Trade | undefined {
    // Whether what contracts come to fits into a bar is for the parser to see.
    if (this.#hasContracts) return undefined;
    if (this.#time() < 0 || !this.#skip(this.#symbol) || !this.#skip(TRADE_ID)) return undefined;
    const tradeId = this.#id();
    if (tradeId < 0 || !this.#skip(PRICE)) return undefined;
    const price = this.#decimal(this.#priceScale);
    if (!(price > 0) || !this.#skip(QUANTITY)) return undefined;
    const quantity = this.#decimal(QUANTITY_SCALE);
    if (!(quantity > 0) || !this.#skip(TRADE_TIME)) return undefined;
    const time = this.#time();
    if (time < 0 || !this.#skip(MAKER) || !this.#truth() || !this.#skip(IGNORED) || !this.#truth()) return undefined;
    const exact = { units: BigInt(quantity), scale: QUANTITY_SCALE };
    return { kind: 'trade', receivedAt, time, tradeId, price, quantity: exact, isMarketTrade: true };
  }

  /** Only tells that the connection lives: of its numbers only the shape is looked at. */
  #quoteFrame(receivedAt: number): OtherMessage | undefined {
    if (this.#id() < 0 || !this.#skip(this.#symbol)) return undefined;
    for (const field of QUOTE_FIELDS) if (!this.#skip(field) || !this.#skipDecimal()) return undefined;
    return { kind: 'other', receivedAt, stream: 'bookTicker' };
  }

  /** `["1.00","2.0"],[...]]`, from behind the list's opening bracket to behind its closing one. */
  #levels(): Levels | undefined {
    const bytes = this.#bytes;
    const prices: number[] = [];
    const quantities: number[] = [];
    if (bytes[this.#at] === CLOSE) {
      this.#at++;
      return { prices, quantities };
    }
    while (prices.length < MAX_LEVELS) {
      if (bytes[this.#at] !== OPEN || bytes[this.#at + 1] !== QUOTE) return undefined;
      this.#at += 2;
      const price = this.#decimal(this.#priceScale);
      if (!(price > 0) || bytes[this.#at] !== COMMA || bytes[this.#at + 1] !== QUOTE) return undefined;
      this.#at += 2;
      const quantity = this.#decimal(QUANTITY_SCALE);
      if (quantity < 0 || bytes[this.#at] !== CLOSE) return undefined;
      prices.push(price);
      quantities.push(quantity);
      const next = bytes[this.#at + 1];
      this.#at += 2;
      if (next === CLOSE) return { prices, quantities };
      if (next !== COMMA) return undefined;
    }
    return undefined;
  }

  /** Digits, a point, eight digits and the quote behind them, in units of `scale` decimal places; or NONE. */
  #decimal(scale: number): number {
    const bytes = this.#bytes;
    const words = this.#words;
    const start = this.#at;
    let at = start;
    let whole = 0;
    let digit = (bytes[at] as number) - ZERO;
    for (; digit >= 0 && digit <= 9; digit = (bytes[++at] as number) - ZERO) whole = (whole * 10 + digit) | 0;
    const length = at - start;
    if (digit !== POINT - ZERO || length === 0 || length > MAX_DIGITS) return NONE;
    if (bytes[start] === ZERO && length > 1) return NONE;
    const high = fourDigits(words.getInt32(at + 1, true));
    const low = fourDigits(words.getInt32(at + 5, true));
    if (high < 0 || low < 0 || bytes[at + 9] !== QUOTE) return NONE;
    this.#at = at + 10;
    const fraction = (high * 10_000 + low) / (POWERS_OF_TEN[DECIMALS - scale] as number);
    if (fraction !== Math.floor(fraction)) return NONE;
    const units = whole * (POWERS_OF_TEN[scale] as number) + fraction;
    return units <= Number.MAX_SAFE_INTEGER ? units : NONE;
  }

  /** The same, of any value. */
  #skipDecimal(): boolean {
    const bytes = this.#bytes;
    const words = this.#words;
    const start = this.#at;
    const point = digitsEnd(bytes, start);
    if (point === start || bytes[point] !== POINT || bytes[point + 9] !== QUOTE) return false;
    if (fourDigits(words.getInt32(point + 1, true)) < 0 || fourDigits(words.getInt32(point + 5, true)) < 0) return false;
    this.#at = point + 10;
    return true;
  }

  /** Milliseconds from the nanoseconds that a line begins with; or NONE. */
  #receiveTime(): number {
    const time = this.#digits(TIME_DIGITS);
    return this.#digits(NANOSECOND_DIGITS) === NONE ? NONE : time;
  }

  #time(): number {
    return this.#bytes[this.#at] === ZERO ? NONE : this.#digits(TIME_DIGITS);
  }

  /** A whole number above zero that is safe whatever its digits; or NONE. */
  #id(): number {
    const length = digitsEnd(this.#bytes, this.#at) - this.#at;
    return length > MAX_ID_DIGITS || this.#bytes[this.#at] === ZERO ? NONE : this.#digits(length);
  }

  /** The number that so many digits are, one at least; or NONE. */
  #digits(length: number): number {
    const bytes = this.#bytes;
    const end = this.#at + length;
    let value = length === 0 ? NONE : 0;
    for (let at = this.#at; at < end; at++) {
      const digit = (bytes[at] as number) - ZERO;
      if (!(digit >= 0 && digit <= 9)) return NONE;
      value = value * 10 + digit;
    }
    this.#at = end;
    return value;
  }

  #truth(): boolean {
    return this.#skip(TRUE) || this.#skip(FALSE);
  }

  /** Goes behind the text, if that is what comes next. */
  #skip(text: Literal): boolean {
    let at = this.#at;
    for (let i = 0; i < text.words.length; i++, at += 4) {
      if (this.#words.getInt32(at, true) !== text.words[i]) return false;
    }
    for (let i = 0; i < text.bytes.length; i++, at++) if (this.#bytes[at] !== text.bytes[i]) return false;
    this.#at = at;
    return true;
  }
}

/** The number that four characters are, the first in the lowest byte; or NONE. */
function fourDigits(word: number): number {
  // In no byte does a digit overflow into the next, and whatever is no digit leaves a bit that a digit does not.
  const digits = word ^ 0x30303030;
  if (((digits + 0x06060606) | digits) & 0xf0f0f0f0) return NONE;
  const pairs = (digits * 10 + (digits >>> 8)) & 0x00ff00ff;
  return (pairs & 0xff) * 100 + (pairs >>> 16);
}

function digitsEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while ((bytes[at] as number) >= ZERO && (bytes[at] as number) <= ZERO + 9) at++;
  return at;
}

function literal(text: string): Literal {
  const bytes = Uint8Array.from(Buffer.from(text));
  const view = new DataView(bytes.buffer);
  const words = Int32Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) => view.getInt32(4 * i, true));
  return { words, bytes: bytes.subarray(4 * words.length) };
}
