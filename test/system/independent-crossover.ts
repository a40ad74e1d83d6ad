/**
 * The Coinbase history by another way: from the file straight to money, with nothing of Tapedeck's. Prices are cents,
 * quantities 10^-8 BTC, money 10^-13 USD (cents times quantity times a fee rate of a thousandth), all as integers.
 */

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

interface Candle {
  readonly start: number;
  readonly open: bigint;
  readonly close: bigint;
}

export interface IndependentTrade {
  readonly day: string;
  readonly side: 'buy' | 'sell';
  /** Null for a signal that could not be followed: there was nothing to sell. */
  readonly fill: { readonly price: bigint; readonly quantity: bigint; readonly time: string } | null;
}

export interface IndependentResult {
  readonly trades: readonly IndependentTrade[];
  readonly cash: bigint;
  readonly quantity: bigint;
  /** Of all closed positions, fees not included. */
  readonly realized: bigint;
}

const DAY = 86_400;
const MONEY_PER_CENT_QUANTITY = 1_000n;
const LOTS_PER_COIN = 100_000_000n;

function cents(text: string): bigint {
  const [whole = '', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(2, '0'));
}

function readCandles(file: string): Candle[] {
  const { candles } = JSON.parse(gunzipSync(readFileSync(file)).toString('utf8'));
  return candles.map(({ start, open, close }: Record<string, string>) => ({
    start: Number(start),
    open: cents(open as string),
    close: cents(close as string),
  }));
}

/** Trades SMA `fast` over `slow` daily closes with a tenth of the equity, fee 0.1 %, slippage 5 basis points. */
export function tradeIndependently(file: string, fast: number, slow: number, openingCash: bigint): IndependentResult {
  const candles = readCandles(file);
  const closes: bigint[] = [];
  const trades: IndependentTrade[] = [];
  let [cash, quantity, cost, realized] = [openingCash, 0n, 0n, 0n];
  let isAbove: boolean | undefined;
  candles.forEach((candle, index) => {
    const next = candles[index + 1];
    const day = Math.floor(candle.start / DAY);
    // A day is over with its last candle, or is seen to be over at the first candle of a later day.
    const ends = candle.start % DAY === DAY - 14_400;
    const previous = candles[index - 1];
    const missed = previous !== undefined && Math.floor(previous.start / DAY) < day && previous.start % DAY !== DAY - 14_400;
    if (missed && !ends) closes.push(previous.close);
    if (ends) closes.push(candle.close);
    if (!(ends || missed) || closes.length < slow) return;
    const sum = (count: number) => closes.slice(-count).reduce((total, close) => total + close, 0n);
    const difference = sum(fast) * BigInt(slow) - sum(slow) * BigInt(fast);
    if (difference === 0n) return;
    const was = isAbove;
    isAbove = difference > 0n;
    if (was === undefined || was === isAbove) return;
    const side = isAbove ? 'buy' : 'sell';
    const date = new Date((missed ? day - 1 : day) * DAY * 1000).toISOString().slice(0, 10);
    if (side === 'sell' && quantity === 0n) {
      trades.push({ day: date, side, fill: null });
      return;
    }
    if (next === undefined) throw new Error('the last candle gives no signal in this history');
    const equity = cash + quantity * candle.close * MONEY_PER_CENT_QUANTITY;
    // equity / 10 / (close in USD), in lots; equity is in 10^-13 USD and close in 10^-2 USD.
    const lots = side === 'buy' ? (equity * LOTS_PER_COIN) / (10n * candle.close * 100_000_000_000n) : quantity;
    const slipped = side === 'buy' ? next.open * 10_005n : next.open * 9_995n;
    const price = side === 'buy' ? (slipped + 9_999n) / 10_000n : slipped / 10_000n;
    const notional = price * lots * MONEY_PER_CENT_QUANTITY;
    const fee = notional / 1_000n;
    if (side === 'buy') {
      cash -= notional + fee;
      quantity += lots;
      cost += notional;
    } else {
      cash += notional - fee;
      realized += notional - cost;
      quantity = 0n;
      cost = 0n;
    }
    trades.push({ day: date, side, fill: { price, quantity: lots, time: new Date(next.start * 1000).toISOString() } });
  });
  return { trades, cash, quantity, realized };
}
