/** Candles that a source made, in their order, into bars as they are kept on the tape. */

import { compare, type Decimal, formatDecimal, parseDecimal, rescale, sign } from '../decimal.ts';
import { type Interval, intervalMs } from '../interval.ts';
import type { Bar } from '../market/events.ts';
import type { InstrumentSettings } from '../settings/settings.ts';
import { isoTime } from '../time.ts';
import { barClosed, type EvidenceDraft, feedRecovered, feedStale } from './evidence.ts';
import type { Tally } from './tally.ts';

/** A candle as its source wrote it. Prices and volumes are decimal texts. */
export interface Candle {
  /** Epoch ms. */
  readonly openTime: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  /** Null where the source does not say; zero means that nothing was traded. */
  readonly volume: string | null;
  readonly quoteVolume: string | null;
  readonly tradeCount: number | null;
}

/** Why a candle is refused. */
class BadCandleError extends Error {}

/**
 * One recording, or several in order. The feed counts as recovered from the open time of its first candle and as
 * ended at the close time of its last: what came before and comes after is not known.
 */
export class CandleSession {
  readonly #instrument: InstrumentSettings;
  readonly #interval: Interval;
  readonly #tally: Tally;
  /** Open time of the last bar, epoch ms. */
  #lastOpen: number | null = null;

  constructor(instrument: InstrumentSettings, interval: Interval, tally: Tally) {
    this.#instrument = instrument;
    this.#interval = interval;
    this.#tally = tally;
  }

  /** The evidence that a candle makes: none when it is refused or known already, which is counted. */
  apply(candle: Candle): EvidenceDraft[] {
    const { openTime } = candle;
    if (openTime % intervalMs(this.#interval) !== 0) {
      this.#tally.note('off-grid-candle', `a candle opens at ${isoTime(openTime)}, between the bars of ${this.#interval}`);
      return [];
    }
    if (this.#lastOpen !== null && openTime <= this.#lastOpen) {
      if (openTime === this.#lastOpen) this.#tally.note('duplicate-candle', `the candle of ${isoTime(openTime)} came before`);
      else
        this.#tally.note(
          'unordered-candle',
          `the candle of ${isoTime(openTime)} comes after the one of ${isoTime(this.#lastOpen)}`,
        );
      return [];
    }
    let bar: Bar;
    try {
      bar = this.#toBar(candle);
    } catch (error) {
      if (!(error instanceof BadCandleError)) throw error;
      this.#tally.note('bad-candle', `the candle of ${isoTime(openTime)}: ${error.message}`);
      return [];
    }
    const drafts = this.#lastOpen === null ? [feedRecovered(this.#instrument, 'ended', openTime)] : [];
    this.#lastOpen = openTime;
    this.#tally.noteFrame('candle', 'used');
    drafts.push(barClosed(bar));
    return drafts;
  }

  /** The evidence that the end of the recording makes. */
  end(): EvidenceDraft[] {
    if (this.#lastOpen === null) return [];
    const closeTime = this.#lastOpen + intervalMs(this.#interval);
    return [feedStale(this.#instrument, 'ended', closeTime, closeTime)];
  }

  #toBar(candle: Candle): Bar {
    const { venue, symbol, priceScale, quantityScale } = this.#instrument;
    const open = price('open', candle.open, priceScale);
    const high = price('high', candle.high, priceScale);
    const low = price('low', candle.low, priceScale);
    const close = price('close', candle.close, priceScale);
    for (const [name, value] of [
      ['open', open],
      ['close', close],
    ] as const) {
      if (compare(low, value) > 0 || compare(value, high) > 0) {
        throw new BadCandleError(
          `the ${name} ${formatDecimal(value)} is not between low ${formatDecimal(low)} and high ${formatDecimal(high)}`,
        );
      }
    }
    const volume = candle.volume === null ? null : notNegative('volume', candle.volume);
    const quoteScale = priceScale + Math.max(quantityScale, volume?.scale ?? 0);
    const { tradeCount } = candle;
    if (tradeCount !== null && !(Number.isSafeInteger(tradeCount) && tradeCount >= 0)) {
      throw new BadCandleError('the number of trades is not a whole number of zero or more');
    }
    return {
      venue,
      symbol,
      interval: this.#interval,
      openTime: isoTime(candle.openTime),
      closeTime: isoTime(candle.openTime + intervalMs(this.#interval)),
      open: formatDecimal(open),
      high: formatDecimal(high),
      low: formatDecimal(low),
      close: formatDecimal(close),
      volume: volume === null ? null : formatDecimal(volume),
      quoteVolume: candle.quoteVolume === null ? null : formatDecimal(quoteVolume(candle.quoteVolume, quoteScale)),
      tradeCount,
      firstTradeId: null,
      lastTradeId: null,
      bid: null,
      ask: null,
      complete: true,
      source: 'recording',
    };
  }
}

function price(name: string, text: string, scale: number): Decimal {
  const value = parse(name, text);
  if (sign(value) <= 0) throw new BadCandleError(`the ${name} "${text}" is not above zero`);
  if (compare(rescale(value, scale, 'floor'), value) !== 0) {
    throw new BadCandleError(`the ${name} "${text}" has more than the instrument's ${scale} decimal places`);
  }
  return value;
}

/** Volumes are kept as they are, for venues have traded quantities finer than today's lots. */
function notNegative(name: string, text: string): Decimal {
  const value = parse(name, text);
  if (sign(value) < 0) throw new BadCandleError(`the ${name} "${text}" is negative`);
  return value;
}

/**
 * A sum of prices times quantities has no more decimal places than both together: what sources print beyond that is
 * the noise of their own binary arithmetic.
 */
function quoteVolume(text: string, scale: number): Decimal {
  return rescale(notNegative('quote volume', text), scale, 'half-even');
}

/** Far above any venue's, and so small that what is added up or multiplied from them still fits into an event. */
const TOO_LARGE = parseDecimal('1000000000000000000');

function parse(name: string, text: string): Decimal {
  let value: Decimal;
  try {
    value = parseDecimal(text);
  } catch {
    throw new BadCandleError(`the ${name} "${text.slice(0, 40)}" is not a decimal number`);
  }
  if (compare(value, TOO_LARGE) >= 0) throw new BadCandleError(`the ${name} "${text}" is too large`);
  return value;
}
