/**
 * Candle files of one kind as one session. Venues answer oldest first or newest first, page by page: each file's order
 * is told by looking, before anything of it is used, and the files are taken in the order of their oldest candles.
 */

import { type Candle, CandleSession, isOnGrid } from '../../../domain/feed/candle-session.ts';
import type { EvidenceDraft } from '../../../domain/feed/evidence.ts';
import { Tally } from '../../../domain/feed/tally.ts';
import type { FeedSettings, InstrumentSettings } from '../../../domain/settings/settings.ts';
import { type FeedReading, RecordingError } from '../../../ports/feed.ts';
import type { CandleKind } from './candle-kind.ts';
import { CandleOrder, type FileOrder } from './candle-order.ts';

/** Most candles of a file that is newest first: it is held in memory to be turned round. */
export const MAX_TURNED_CANDLES = 5_000_000;

/** Candles of a turned file that are handed on at once. */
const BATCH = 1_000;

/** A candle and the line on which it ends. */
interface PlacedCandle {
  readonly candle: Candle;
  readonly line: number;
}

/** The lines of a file, in batches. */
export type ReadTexts = (file: string, tally: Tally) => AsyncIterable<readonly string[]>;

interface CandleSource {
  readonly kind: CandleKind;
  readonly readTexts: ReadTexts;
  readonly feed: FeedSettings;
  /** Most candles of a file that is newest first. */
  readonly mostTurned: number;
}

interface LookedAt extends FileOrder {
  readonly file: string;
}

/** Throws RecordingError, before it gives anything, for a file whose candles run to and fro or are of another interval. */
export async function* readCandles(
  source: CandleSource,
  files: readonly string[],
  instrument: InstrumentSettings,
  reading: FeedReading,
): AsyncGenerator<EvidenceDraft[]> {
  const { tally, meter, signal } = reading;
  const looked: LookedAt[] = [];
  for (const file of files) looked.push(await lookAt(source, file, signal));
  const session = new CandleSession(instrument, source.feed, tally);
  let told = 0;
  const tellReceived = (): void => {
    const received = tally.received;
    meter?.noteFrames(received - told);
    told = received;
  };
  for (const { file, isFalling } of oldestFirst(looked)) {
    session.startFile();
    const candles = candlesOf(source, file, reading);
    for await (const batch of isFalling ? turned(candles, signal) : candles) {
      const drafts = batch.flatMap(({ candle, line }) => {
        tally.at(file, line);
        return session.apply(candle);
      });
      tellReceived();
      if (drafts.length > 0) yield drafts;
      if (signal?.aborted) return;
    }
  }
  if (signal?.aborted) return;
  const last = session.end();
  tellReceived();
  if (last.length > 0) yield last;
}

/** Reads the whole file, and counts nothing of it. */
async function lookAt(source: CandleSource, file: string, signal?: AbortSignal): Promise<LookedAt> {
  const { feed, mostTurned } = source;
  const order = new CandleOrder(file, feed.bars);
  for await (const batch of candlesOf(source, file, { tally: new Tally(), signal })) {
    for (const { candle, line } of batch) order.note(candle.openTime, line, isOnGrid(candle.openTime, feed.bars));
  }
  const { isFalling, oldest, count } = order.found;
  if (isFalling && count > mostTurned) {
    throw new RecordingError(
      `recording "${file}" has ${count} candles, newest first: more than ${mostTurned} cannot be turned round in memory; split it, or sort it by time`,
    );
  }
  return { file, isFalling, oldest, count };
}

/** A file without candles has no place of its own. */
function oldestFirst(files: readonly LookedAt[]): LookedAt[] {
  return files.toSorted((a, b) => (a.oldest ?? Number.MAX_SAFE_INTEGER) - (b.oldest ?? Number.MAX_SAFE_INTEGER));
}

/** The file's candles as they stand in it, in batches. */
async function* candlesOf(
  { kind, readTexts, feed }: CandleSource,
  file: string,
  { tally, signal }: FeedReading,
): AsyncGenerator<PlacedCandle[]> {
  const reader = kind.open(file, feed.bars, tally);
  let line = 0;
  for await (const texts of readTexts(file, tally)) {
    if (signal?.aborted) return;
    const candles: PlacedCandle[] = [];
    const onCandle = (candle: Candle) => void candles.push({ candle, line });
    for (const text of texts) {
      line++;
      reader.readLine(text, onCandle);
    }
    yield candles;
  }
  reader.end();
}

async function* turned(candles: AsyncIterable<PlacedCandle[]>, signal: AbortSignal | undefined): AsyncGenerator<PlacedCandle[]> {
  // As texts: they take less than half of what the objects do.
  const held: string[] = [];
  for await (const batch of candles) for (const placed of batch) held.push(JSON.stringify(placed));
  // Of a file that was not read to its end the oldest candles are missing.
  if (signal?.aborted) return;
  for (let end = held.length; end > 0; end -= BATCH) {
    const batch = held.slice(Math.max(0, end - BATCH), end).toReversed();
    yield batch.map((text) => JSON.parse(text) as PlacedCandle);
  }
}
