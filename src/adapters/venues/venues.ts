/** The venues whose raw frames are known: a new one is a folder beside this file, its test, and a line here. */

import { binance, binanceUsdm } from './binance/binance.ts';
import { bybit } from './bybit/bybit.ts';
import { okx } from './okx/okx.ts';
import type { VenueFrames } from './venue-frames.ts';

const VENUES: readonly VenueFrames[] = [binance, binanceUsdm, bybit, okx];

export const VENUE_NAMES: readonly string[] = VENUES.map(({ venue }) => venue);

/** Undefined where the venue's frames are not known. */
export function findVenueFrames(venue: string): VenueFrames | undefined {
  return VENUES.find((known) => known.venue === venue);
}
