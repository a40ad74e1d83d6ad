/**
 * Binance Spot, and USD-M futures, whose updates name the one before them (`pu`): most frames of spot are read by the scanner,
 * the others by the parser.
 */

import type { MarketMessage } from '../../../domain/feed/messages.ts';
import type { InstrumentSettings } from '../../../domain/settings/settings.ts';
import type { FrameReader, VenueFrames } from '../venue-frames.ts';
import { FrameScanner } from './frame-scanner.ts';
import { parseFrame } from './frames.ts';

export const binance: VenueFrames = {
  venue: 'binance',
  snapshots: 'fetched',
  open: (instrument) => new BinanceReader(instrument),
};

/** A venue of its own, because the same symbols are traded on both. */
export const binanceUsdm: VenueFrames = { ...binance, venue: 'binanceusdm' };

class BinanceReader implements FrameReader {
  readonly #instrument: InstrumentSettings;
  readonly #scanner: FrameScanner;

  constructor(instrument: InstrumentSettings) {
    this.#instrument = instrument;
    this.#scanner = new FrameScanner(instrument);
  }

  scan(bytes: Uint8Array, start: number, end: number): MarketMessage | undefined {
    return this.#scanner.scan(bytes, start, end);
  }

  parse(line: string): readonly MarketMessage[] {
    return [parseFrame(line, this.#instrument)];
  }
}
