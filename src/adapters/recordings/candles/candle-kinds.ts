/** The kinds of candle files there are. Adding one is its file, its test and a line here. */

import { binanceCsv } from './binance-csv.ts';
import type { CandleKind } from './candle-kind.ts';
import { coinbaseJson } from './coinbase-json.ts';

// biome-ignore format: one a line, so that additions do not meet.
export const CANDLE_KINDS: readonly CandleKind[] = [
  coinbaseJson,
  binanceCsv,
];
