/**
 * Binance candles as CSV: `open,high,low,close,volume,quote_volume,trades,close_datetime`. The last column is the
 * CLOSE time, inclusive and with its offset (`2024-12-01 00:00:59.999000+01:00`): read as UTC, or as the open time,
 * every longer bar comes out wrong.
 */

import type { Candle } from '../../../domain/feed/candle-session.ts';
import type { Tally } from '../../../domain/feed/tally.ts';
import { type Interval, intervalMs } from '../../../domain/interval.ts';
import { epochMs, isIsoTime, MINUTE_MS } from '../../../domain/time.ts';
import type { CandleKind, CandleReader } from './candle-kind.ts';

const HEADER = 'open,high,low,close,volume,quote_volume,trades,close_datetime';

const CLOSE_TIME = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)\.(\d{3})(?:000)?([+-])(\d\d):(\d\d)$/;

export const binanceCsv: CandleKind = {
  name: 'binance-csv',
  begins: `with the header "${HEADER}"`,
  isKind: (firstLine) => firstLine === HEADER,
  open: (file, interval, tally) => new BinanceCsvCandles(file, interval, tally),
};

class BinanceCsvCandles implements CandleReader {
  readonly #file: string;
  readonly #interval: Interval;
  readonly #tally: Tally;
  #line = 0;

  constructor(file: string, interval: Interval, tally: Tally) {
    this.#file = file;
    this.#interval = interval;
    this.#tally = tally;
  }

  /** Takes the file's next line; the first is the header. */
  readLine(line: string, onCandle: (candle: Candle) => void): void {
    this.#line++;
    const text = line.trim();
    if (this.#line === 1 || text === '') return;
    this.#tally.at(this.#file, this.#line);
    const candle = parseRow(text, this.#interval);
    if (typeof candle === 'string') this.#tally.note('bad-candle', candle);
    else onCandle(candle);
  }

  /** Each line is whole. */
  end(): void {}
}

/** A candle, or what is wrong with the row. */
function parseRow(text: string, interval: Interval): Candle | string {
  const fields = text.split(',');
  if (fields.length !== 8) return `${fields.length} fields where 8 are expected`;
  const [open, high, low, close, volume, quoteVolume, trades, closeText] = fields as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const lastMs = inclusiveCloseMs(closeText);
  if (lastMs === undefined)
    return `close_datetime "${closeText.slice(0, 40)}" is not a time such as "2024-12-01 00:00:59.999000+01:00"`;
  if (!/^\d{1,15}$/.test(trades)) return `trades "${trades.slice(0, 40)}" is not a whole number`;
  const openTime = lastMs + 1 - intervalMs(interval);
  return { openTime, open, high, low, close, volume, quoteVolume, tradeCount: Number(trades) };
}

function inclusiveCloseMs(text: string): number | undefined {
  const match = CLOSE_TIME.exec(text);
  if (match === null) return undefined;
  const [, day, time, ms, sign, hours, minutes] = match;
  const local = `${day}T${time}.${ms}Z`;
  if (!isIsoTime(local)) return undefined;
  const offset = Number(hours) * 60 * MINUTE_MS + Number(minutes) * MINUTE_MS;
  return epochMs(local) - (sign === '+' ? offset : -offset);
}
