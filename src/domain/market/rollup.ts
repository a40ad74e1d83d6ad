/** A longer bar, as it grows from the bars of the feed's own interval. Plain data. */

import { add, compare, type Decimal, formatDecimal, parseDecimal } from '../decimal.ts';
import { type Interval, intervalMs } from '../interval.ts';
import { isoTime } from '../time.ts';
import type { Bar } from './events.ts';

/** What must be known of a bar to say whether the next one follows it without a hole. */
export interface PartEnd {
  /** Epoch ms. */
  readonly openMs: number;
  readonly closeMs: number;
  readonly lastTradeId: number | null;
}

export interface Rollup {
  readonly interval: Interval;
  readonly openMs: number;
  readonly closeMs: number;
  readonly open: string;
  high: Decimal;
  low: Decimal;
  /** Null where a part does not say, or says it in another unit than the one before. */
  volume: Decimal | null;
  quoteVolume: Decimal | null;
  contracts: Decimal | null;
  tradeCount: number | null;
  readonly firstTradeId: number | null;
  /** The latest part: close, bid, ask and last id are its. */
  last: Bar;
  isComplete: boolean;
}

/** Does `part` begin where `previous` ended? By trade ids where both have them, else by time. */
export function follows(previous: PartEnd, part: Bar, partOpenMs: number): boolean {
  if (previous.lastTradeId !== null && part.firstTradeId !== null) return part.firstTradeId === previous.lastTradeId + 1;
  return partOpenMs === previous.closeMs;
}

/** Begins a longer bar with its first known part. `previous` is the base bar before that part, if one is known. */
export function startRollup(interval: Interval, openMs: number, part: Bar, partOpenMs: number, previous: PartEnd | null): Rollup {
  const isFromStart = partOpenMs === openMs && part.firstTradeId === null;
  const isAfterPrevious = previous !== null && previous.openMs < openMs && follows(previous, part, partOpenMs);
  return {
    interval,
    openMs,
    closeMs: openMs + intervalMs(interval),
    open: part.open,
    high: parseDecimal(part.high),
    low: parseDecimal(part.low),
    volume: optional(part.volume),
    quoteVolume: optional(part.quoteVolume),
    contracts: optional(part.contracts),
    tradeCount: part.tradeCount,
    firstTradeId: part.firstTradeId,
    last: part,
    isComplete: part.complete && (isFromStart || isAfterPrevious),
  };
}

/** Adds the next part; `isContiguous` says whether it follows the one before. */
export function addPart(rollup: Rollup, part: Bar, isContiguous: boolean): void {
  const high = parseDecimal(part.high);
  const low = parseDecimal(part.low);
  if (compare(high, rollup.high) > 0) rollup.high = high;
  if (compare(low, rollup.low) < 0) rollup.low = low;
  // Until contracts were recorded beside them, the volumes of bars of contracts were numbers of these.
  const isOfOneUnit = (rollup.last.contracts === null) === (part.contracts === null);
  rollup.volume = isOfOneUnit ? addKnown(rollup.volume, optional(part.volume)) : null;
  rollup.quoteVolume = isOfOneUnit ? addKnown(rollup.quoteVolume, optional(part.quoteVolume)) : null;
  rollup.contracts = addKnown(rollup.contracts, optional(part.contracts));
  rollup.tradeCount = rollup.tradeCount === null || part.tradeCount === null ? null : rollup.tradeCount + part.tradeCount;
  rollup.last = part;
  rollup.isComplete &&= part.complete && isContiguous;
}

function optional(text: string | null): Decimal | null {
  return text === null ? null : parseDecimal(text);
}

/** What is not known of a part is not known of the whole. */
function addKnown(sum: Decimal | null, part: Decimal | null): Decimal | null {
  return sum === null || part === null ? null : add(sum, part);
}

/** The longer bar as it is recorded; `isWhole` says whether nothing is missing between its last part and its end. */
export function closeRollup(rollup: Rollup, isWhole: boolean): Bar {
  const { last } = rollup;
  return {
    venue: last.venue,
    symbol: last.symbol,
    interval: rollup.interval,
    openTime: isoTime(rollup.openMs),
    closeTime: isoTime(rollup.closeMs),
    open: rollup.open,
    high: formatDecimal(rollup.high),
    low: formatDecimal(rollup.low),
    close: last.close,
    volume: rollup.volume === null ? null : formatDecimal(rollup.volume),
    quoteVolume: rollup.quoteVolume === null ? null : formatDecimal(rollup.quoteVolume),
    contracts: rollup.contracts === null ? null : formatDecimal(rollup.contracts),
    tradeCount: rollup.tradeCount,
    firstTradeId: rollup.firstTradeId,
    lastTradeId: last.lastTradeId,
    bid: last.bid,
    ask: last.ask,
    complete: rollup.isComplete && isWhole,
    source: last.source,
  };
}
