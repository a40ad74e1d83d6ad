import { multiply } from '../../../core/amount.ts';
import { type Bar, MINUTE } from '../../../market/bars.ts';
import type { Market } from '../../../market/market.ts';
import { plain } from '../formats.ts';
import { CONTRACT_VALUE, middle, typeOf } from '../instruments.ts';

const DAY = 24 * 60 * MINUTE;

/** Made once a minute: a day is 1,440 bars of a minute. */
const DAYS = new WeakMap<Market, { readonly minute: number; readonly bar: Bar | undefined }>();

/** The last 24 hours as one bar, up to the beginning of this minute. */
export function lastDay(market: Market, now: number): Bar | undefined {
  const minute = now - (now % MINUTE);
  const known = DAYS.get(market);
  if (known?.minute === minute) return known.bar;
  const bar = market.bars.at('1d', minute - DAY, minute - 1);
  DAYS.set(market, { minute, bar });
  return bar;
}

/** As market/ticker and the `tickers` channel give it. */
export function tickerRecord(market: Market, now: number): Record<string, unknown> {
  const { book, trades, instrument } = market;
  const isSwap = typeOf(market) === 'SWAP';
  const day = lastDay(market, now);
  const price = trades.last?.price ?? middle(market);
  const [[ask, askSize], [bid, bidSize]] = [book.best('sell') ?? [0n, 0n], book.best('buy') ?? [0n, 0n]];
  const quote = day?.quoteVolume ?? 0n;
  return {
    askPx: plain(ask),
    askSz: plain(askSize),
    bidPx: plain(bid),
    bidSz: plain(bidSize),
    high24h: plain(day?.high ?? price),
    instId: instrument.symbol,
    instType: typeOf(market),
    last: plain(price),
    lastSz: plain(trades.last?.quantity ?? 0n),
    low24h: plain(day?.low ?? price),
    open24h: plain(day?.open ?? price),
    sodUtc0: plain(day?.open ?? price),
    sodUtc8: plain(day?.open ?? price),
    ts: String(now),
    vol24h: plain(day?.volume ?? 0n),
    volCcy24h: plain(isSwap ? multiply(day?.volume ?? 0n, CONTRACT_VALUE) : quote),
  };
}
