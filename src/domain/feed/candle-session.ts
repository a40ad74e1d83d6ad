/** Candles that a source made, in their order, into bars as they are kept on the tape. */

import { compare, type Decimal, formatDecimal, parseDecimal, rescale, sign, ZERO } from '../decimal.ts';
import { type Interval, intervalMs } from '../interval.ts';
import { type ContractTerms, contractTerms, roundBase, type Volumes, volumesOf } from '../market/contract.ts';
import type { Bar } from '../market/events.ts';
import type { FeedSettings, InstrumentSettings } from '../settings/settings.ts';
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
  /** In the unit of the venue's quantities: the base asset, or contracts. Null where the source does not say; zero: no trade. */
  readonly volume: string | null;
  /** Of an inverse contract its volume in the base asset, which venues say in this place. */
  readonly quoteVolume: string | null;
  readonly tradeCount: number | null;
}

/** Why a candle is refused. */
class BadCandleError extends Error {}

/** What a session must know of its feed. */
export type CandleTerms = Pick<FeedSettings, 'bars' | 'lastIsWhole'>;

/**
 * One recording, or several, from the oldest candle on. The feed counts as recovered from the open time of its first
 * candle and as ended at the close time of its last: what came before and comes after is not known.
 *
 * The last candle is held back, unless the feed says that it is whole: it may still have been growing when the file was
 * fetched. A later one shows that it is over; of the same candle in a later file that one counts.
 */
export class CandleSession {
  readonly #instrument: InstrumentSettings;
  readonly #contract: ContractTerms;
  readonly #terms: CandleTerms;
  readonly #tally: Tally;
  /** Open time of the last bar given out, epoch ms. */
  #lastOpen: number | null = null;
  #held: { readonly openTime: number; readonly bar: Bar } | null = null;
  /** The candle that is held back stands in a file before this one. */
  #isHeldFromBefore = false;

  constructor(instrument: InstrumentSettings, terms: CandleTerms, tally: Tally) {
    this.#instrument = instrument;
    this.#contract = contractTerms(instrument);
    this.#terms = terms;
    this.#tally = tally;
  }

  /** What comes next is from another file. */
  startFile(): void {
    this.#isHeldFromBefore = true;
  }

  /** The evidence that a candle makes: none when it is refused or known already, which is counted, or held back. */
  apply(candle: Candle): EvidenceDraft[] {
    const { openTime } = candle;
    const { bars } = this.#terms;
    if (!isOnGrid(openTime, bars)) {
      this.#tally.note('off-grid-candle', `a candle opens at ${isoTime(openTime)}, between the bars of ${bars}`);
      return [];
    }
    const isAgain = openTime === this.#held?.openTime && this.#isHeldFromBefore;
    const last = this.#held?.openTime ?? this.#lastOpen;
    if (last !== null && openTime <= last && !isAgain) {
      if (openTime === last) this.#tally.note('duplicate-candle', `the candle of ${isoTime(openTime)} came before`);
      else this.#tally.note('unordered-candle', `the candle of ${isoTime(openTime)} comes after the one of ${isoTime(last)}`);
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
    if (this.#terms.lastIsWhole === true) return this.#record(openTime, bar);
    if (isAgain) {
      this.#tally.note('duplicate-candle', `the candle of ${isoTime(openTime)} came before, and counts as it is here`);
    }
    const before = isAgain ? null : this.#held;
    this.#held = { openTime, bar };
    this.#isHeldFromBefore = false;
    return before === null ? [] : this.#record(before.openTime, before.bar);
  }

  /** The evidence that the end of the recording makes. */
  end(): EvidenceDraft[] {
    if (this.#held !== null) {
      this.#tally.note(
        'last-candle-held-back',
        `the candle of ${isoTime(this.#held.openTime)} may have been growing when the file was fetched: ingest it again with a later one, or say "lastIsWhole" of the feed`,
      );
    }
    if (this.#lastOpen === null) return [];
    const closeTime = this.#lastOpen + intervalMs(this.#terms.bars);
    return [feedStale(this.#instrument, 'ended', closeTime, closeTime)];
  }

  #record(openTime: number, bar: Bar): EvidenceDraft[] {
    const drafts = this.#lastOpen === null ? [feedRecovered(this.#instrument, 'ended', openTime)] : [];
    this.#lastOpen = openTime;
    this.#tally.noteFrame('candle', 'used');
    drafts.push(barClosed(bar));
    return drafts;
  }

  #toBar(candle: Candle): Bar {
    const { venue, symbol, priceScale } = this.#instrument;
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
    const { volume, quoteVolume, contracts } = this.#volumes(candle);
    const { tradeCount } = candle;
    if (tradeCount !== null && !(Number.isSafeInteger(tradeCount) && tradeCount >= 0)) {
      throw new BadCandleError('the number of trades is not a whole number of zero or more');
    }
    return {
      venue,
      symbol,
      interval: this.#terms.bars,
      openTime: isoTime(candle.openTime),
      closeTime: isoTime(candle.openTime + intervalMs(this.#terms.bars)),
      open: formatDecimal(open),
      high: formatDecimal(high),
      low: formatDecimal(low),
      close: formatDecimal(close),
      volume: volume === null ? null : formatDecimal(volume),
      quoteVolume: quoteVolume === null ? null : formatDecimal(quoteVolume),
      contracts: contracts === null ? null : formatDecimal(contracts),
      tradeCount,
      firstTradeId: null,
      lastTradeId: null,
      bid: null,
      ask: null,
      complete: true,
      source: 'recording',
    };
  }

  /**
   * A candle's volume is in the unit of its venue's quantities: base units or contracts. Beside that of an inverse
   * contract, which is worth so much of the quote asset, venues say the volume in the base asset.
   */
  #volumes({ volume, quoteVolume }: Candle): CandleVolumes {
    const quantity = volume === null ? null : notNegative('volume', volume);
    const { isInverse, size } = this.#contract;
    const known = quantity === null ? null : volumesOf(this.#contract, quantity, ZERO);
    if (isInverse) {
      const base = quoteVolume === null ? null : roundBase(notNegative('volume in the base asset', quoteVolume));
      return { volume: base, quoteVolume: known?.quoteVolume ?? null, contracts: quantity };
    }
    const { priceScale, quantityScale } = this.#instrument;
    const places = priceScale + Math.max(quantityScale, quantity?.scale ?? 0) + size.scale;
    return {
      volume: known?.volume ?? null,
      quoteVolume: quoteVolume === null ? null : withoutNoise(quoteVolume, places),
      contracts: known?.contracts ?? null,
    };
  }
}

/** Null: the source does not say. */
type CandleVolumes = { readonly [Name in keyof Volumes]: Volumes[Name] | null };

/** Does a candle of that interval open then? */
export function isOnGrid(openTime: number, interval: Interval): boolean {
  return openTime % intervalMs(interval) === 0;
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
function withoutNoise(text: string, scale: number): Decimal {
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
