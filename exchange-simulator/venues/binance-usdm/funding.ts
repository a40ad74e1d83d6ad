import { type Amount, divide, ONE } from '../../core/amount.ts';
import { FUNDING_MS, fundingRate, lastFunding, nextFunding } from '../../market/funding.ts';
import type { Market } from '../../market/market.ts';
import { fine, WRITING } from './formats.ts';
import { LISTED_AT } from './requests/symbols.ts';

/** Of funding rates: what the quote costs more than the base in eight hours. */
const INTEREST_RATE = 10n ** 8n;
const MOST_RATE = '0.02000000';

interface Marked {
  readonly mark: Amount;
  readonly index: Amount;
  readonly rate: Amount;
  readonly next: number;
}

/** A contract is marked at the middle of its book; the index is made up: below it by the rate that is paid next. */
function marked({ book }: Market, now: number): Marked {
  const next = nextFunding(now);
  const rate = fundingRate(next);
  return { mark: book.middle, index: divide(book.middle, ONE + rate), rate, next };
}

/** As premiumIndex gives it. */
export function premiumRecord(market: Market, now: number): Record<string, unknown> {
  const { mark, index, rate, next } = marked(market, now);
  return {
    symbol: market.instrument.symbol,
    markPrice: fine(mark),
    indexPrice: fine(index),
    estimatedSettlePrice: fine(index),
    lastFundingRate: fine(rate),
    interestRate: fine(INTEREST_RATE),
    nextFundingTime: next,
    time: now,
  };
}

/** As the streams give it. */
export function markEvent(market: Market, now: number): Record<string, unknown> {
  const { mark, index, rate, next } = marked(market, now);
  return {
    e: 'markPriceUpdate',
    E: now,
    s: market.instrument.symbol,
    p: fine(mark),
    i: fine(index),
    P: fine(index),
    // The average of the mark price: it is not made up apart.
    ap: fine(mark),
    r: fine(rate),
    T: next,
    st: 1,
  };
}

/** Rates that were paid from `start` to `end`, oldest first: the first `limit` of them, or the last without a start. */
export function fundingHistory(
  market: Market,
  range: { readonly start: number | undefined; readonly end: number; readonly limit: number },
  now: number,
): Record<string, unknown>[] {
  const end = Math.min(range.end, now);
  const start = Math.max(range.start ?? lastFunding(end) - (range.limit - 1) * FUNDING_MS, LISTED_AT);
  const rows: Record<string, unknown>[] = [];
  for (let at = nextFunding(start - 1); at <= end && rows.length < range.limit; at += FUNDING_MS) {
    rows.push({
      symbol: market.instrument.symbol,
      fundingRate: fine(fundingRate(at)),
      fundingTime: at,
      markPrice: WRITING.price(market.bars.at('1m', at, now)?.open ?? 0n),
    });
  }
  return rows;
}

/** As fundingInfo gives it. */
export function fundingInfo({ instrument }: Market): Record<string, unknown> {
  return {
    symbol: instrument.symbol,
    adjustedFundingRateCap: MOST_RATE,
    adjustedFundingRateFloor: `-${MOST_RATE}`,
    fundingIntervalHours: FUNDING_MS / 3_600_000,
    disclaimer: false,
  };
}
