/** Bounds of fills that no market would give: over a hole in the data, and of more than was traded. */

import { type Decimal, maximum, multiply, parseDecimal, roundToStep, subtract, ZERO } from '../../decimal.ts';
import { type Interval, intervalMs } from '../../interval.ts';
import type { Bar } from '../../market/events.ts';
import type { AccountTerms } from '../../settings/in-force.ts';
import { DAY_MS } from '../../time.ts';

/** What an account's orders may fill of a bar's volume, where its settings do not say. */
const USUAL_VOLUME_SHARE = '0.25';

/** How many intervals a market order waits for its bar, where the account's settings do not say. */
const USUAL_GAP_INTERVALS = 2;
/** The same for bars of a day and longer: sessions have weekends and holidays between them. */
const USUAL_GAP_OF_DAYS_MS = 7 * DAY_MS;

/** Why a market order, or its rest, expires: the bar did not trade enough. */
export const NOT_ENOUGH_VOLUME = 'not-enough-volume';

/** A fraction, or `off`. */
export function volumeShareText({ maxVolumeShare }: Pick<AccountTerms, 'maxVolumeShare'>): string {
  return maxVolumeShare ?? USUAL_VOLUME_SHARE;
}

/** Null where it is off. */
export function readVolumeShare(terms: Pick<AccountTerms, 'maxVolumeShare'>): Decimal | null {
  const text = volumeShareText(terms);
  return text === 'off' ? null : parseDecimal(text);
}

export function usualFillGapMs(bars: Interval): number {
  const length = intervalMs(bars);
  return length >= DAY_MS ? USUAL_GAP_OF_DAYS_MS : USUAL_GAP_INTERVALS * length;
}

/**
 * What an order with these terms may fill of a bar of which its account has `taken` so much, in whole lots; null: all.
 * A bar whose source does not know its volume bounds nothing.
 */
export function openShareOf(
  { volumeShare, lot }: { readonly volumeShare: Decimal | null; readonly lot: Decimal },
  { volume }: Pick<Bar, 'volume'>,
  taken: Decimal,
): Decimal | null {
  if (volumeShare === null || volume === null) return null;
  const open = subtract(multiply(parseDecimal(volume), volumeShare), taken);
  return roundToStep(maximum(open, ZERO), lot, 'floor');
}
