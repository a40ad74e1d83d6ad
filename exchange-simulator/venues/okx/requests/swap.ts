import type { Amount } from '../../../core/amount.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import { FUNDING_MS, fundingRate, lastFunding, nextFunding } from '../../../market/funding.ts';
import type { Market } from '../../../market/market.ts';
import { plain } from '../formats.ts';
import { middle, typeOf } from '../instruments.ts';
import { lastDay } from './tickers.ts';

const RATE = { method: 'current_period', formulaType: 'withRate' };

function rateAt(fundingTime: number): string {
  return plain(fundingRate(fundingTime));
}

/** As public/funding-rate and the channel give it. */
export function fundingRecord({ instrument }: Market, now: number): Record<string, unknown> {
  const next = nextFunding(now);
  return {
    ...RATE,
    fundingRate: rateAt(next),
    fundingTime: String(next),
    impactValue: '20000',
    instId: instrument.symbol,
    instType: 'SWAP',
    interestRate: '0.0001',
    maxFundingRate: '0.00375',
    minFundingRate: '-0.00375',
    nextFundingRate: '',
    nextFundingTime: String(next + FUNDING_MS),
    premium: '0',
    prevFundingTime: String(next - FUNDING_MS),
    settFundingRate: rateAt(next - FUNDING_MS),
    settState: 'settled',
    ts: String(now),
  };
}

/** Rates that were paid, newest first: before `after`, later than `before`, over three months. */
export function fundingHistory(
  { instrument }: Market,
  range: { readonly after: number | undefined; readonly before: number | undefined; readonly limit: number },
  now: number,
): Record<string, unknown>[] {
  const rows: Record<string, unknown>[] = [];
  const oldest = Math.max((range.before ?? -1) + 1, now - 90 * 24 * 3600 * 1000);
  const newest = Math.min(nextFunding(now), range.after ?? Number.POSITIVE_INFINITY) - 1;
  let at = lastFunding(newest);
  for (; at >= oldest && rows.length < range.limit; at -= FUNDING_MS) {
    const rate = rateAt(at);
    rows.push({
      ...RATE,
      fundingRate: rate,
      fundingTime: String(at),
      instId: instrument.symbol,
      instType: 'SWAP',
      realizedRate: rate,
    });
  }
  return rows;
}

/** The mark price of a swap is the middle of its book; its index is the middle of the spot book. */
export function markRecord(market: Market, now: number): Record<string, unknown> {
  return { instType: 'SWAP', instId: market.instrument.symbol, markPx: plain(middle(market)), ts: String(now) };
}

export function indexRecord(exchange: Exchange, instId: string, now: number): Record<string, unknown> | undefined {
  const market = exchange.markets.get(instId);
  if (market === undefined || typeOf(market) !== 'SPOT') return undefined;
  const price: Amount = middle(market);
  const day = lastDay(market, now);
  return {
    high24h: plain(day?.high ?? price),
    idxPx: plain(price),
    instId,
    low24h: plain(day?.low ?? price),
    open24h: plain(day?.open ?? price),
    sodUtc0: plain(day?.open ?? price),
    sodUtc8: plain(day?.open ?? price),
    ts: String(now),
  };
}
