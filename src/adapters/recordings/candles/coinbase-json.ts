/**
 * Coinbase candles: `{"candles":[{"start":"1463544000","low":"455.3","high":"456.81","open":"456.16","close":"456.02",
 * "volume":"561.88098307"}]}`, `start` in seconds since the epoch. Read row by row, so that neither a bad row nor a
 * torn file costs the others.
 */

import type { Candle } from '../../../domain/feed/candle-session.ts';
import type { Tally } from '../../../domain/feed/tally.ts';
import type { CandleKind, CandleReader } from './candle-kind.ts';

/** Longest row that is held while its end is looked for; a longer one is refused. */
const MAX_ROW = 10_000;

export const coinbaseJson: CandleKind = {
  name: 'coinbase-json',
  begins: 'with `{"candles": [`',
  isKind: (firstLine) => /^\{\s*("candles"|$)/.test(firstLine),
  open: (file, _interval, tally) => new CoinbaseCandles(file, tally),
};

class CoinbaseCandles implements CandleReader {
  readonly #tally: Tally;
  readonly #file: string;
  #row: string | null = null;
  #line = 0;
  #rowLine = 0;
  #isOpened = false;

  constructor(file: string, tally: Tally) {
    this.#file = file;
    this.#tally = tally;
  }

  readLine(line: string, onCandle: (candle: Candle) => void): void {
    this.#line++;
    let text = line;
    if (!this.#isOpened) {
      const start = text.indexOf('[');
      if (start < 0) return;
      this.#isOpened = true;
      text = text.slice(start + 1);
    }
    while (text.length > 0) text = this.#readRow(text, onCandle);
  }

  end(): void {
    if (this.#row === null) return;
    this.#tally.at(this.#file, this.#rowLine);
    this.#tally.note('truncated-line', 'the file ends within a candle');
  }

  #readRow(text: string, onCandle: (candle: Candle) => void): string {
    if (this.#row === null) {
      const start = text.indexOf('{');
      if (start < 0) return '';
      this.#row = '';
      this.#rowLine = this.#line;
      return text.slice(start);
    }
    const end = text.indexOf('}');
    this.#row += end < 0 ? text : text.slice(0, end + 1);
    if (end < 0 && this.#row.length <= MAX_ROW) return '';
    const row = this.#row;
    this.#row = null;
    this.#tally.at(this.#file, this.#rowLine);
    const candle = parseRow(row);
    if (typeof candle === 'string') this.#tally.note('bad-candle', candle);
    else onCandle(candle);
    return end < 0 ? '' : text.slice(end + 1);
  }
}

/** A candle, or what is wrong with the row. */
function parseRow(text: string): Candle | string {
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch {
    return `"${text.slice(0, 60)}" is not JSON`;
  }
  const { start, open, high, low, close, volume } = row as Record<string, unknown>;
  if (typeof start !== 'string' || !/^\d{1,11}$/.test(start)) return '"start" must be seconds since the epoch in a string';
  for (const [name, value] of Object.entries({ open, high, low, close, volume })) {
    if (typeof value !== 'string') return `"${name}" must be a decimal number in a string`;
  }
  return {
    openTime: Number(start) * 1000,
    open: open as string,
    high: high as string,
    low: low as string,
    close: close as string,
    volume: volume as string,
    quoteVolume: null,
    tradeCount: null,
  };
}
