/** A recording as market evidence. Its first line shows its kind. */

import type { EvidenceDraft } from '../../domain/feed/evidence.ts';
import { framesText, Tally } from '../../domain/feed/tally.ts';
import type { FeedSettings, InstrumentSettings } from '../../domain/settings/settings.ts';
import { type Feed, type FeedReading, RecordingError } from '../../ports/feed.ts';
import type { VenueFrames } from '../venues/venue-frames.ts';
import { findVenueFrames, VENUE_NAMES } from '../venues/venues.ts';
import { MAX_TURNED_CANDLES, readCandles } from './candles/candle-files.ts';
import type { CandleKind } from './candles/candle-kind.ts';
import { CANDLE_KINDS } from './candles/candle-kinds.ts';
import { FrameFiles } from './frame-files.ts';
import { checkReadable, type Lines, lineText, readLines } from './lines.ts';

/** Raw frames; which venue's they are, the settings of the feed say. */
const FRAMES = { name: 'raw-frames' } as const;
type Kind = CandleKind | typeof FRAMES;

/**
 * The recordings in `files` as a feed: one session, frames in the order given, candles in their own. Reading throws
 * RecordingError for a file that cannot be opened or is no recording of a known kind, before anything is given.
 */
export function recordingFeed(files: readonly string[], feed: FeedSettings, instrument: InstrumentSettings): Feed {
  return { evidence: (reading) => readRecording(files, feed, instrument, reading) };
}

async function* readRecording(
  files: readonly string[],
  feed: FeedSettings,
  instrument: InstrumentSettings,
  reading: FeedReading,
): AsyncGenerator<EvidenceDraft[]> {
  // What cannot be used at all should be known before evidence of the others is on the tape.
  for (const file of files) await checkReadable(file);
  const kind = await kindOfAll(files);
  yield* 'open' in kind
    ? readCandles({ kind, readTexts, feed, mostTurned: MAX_TURNED_CANDLES }, files, instrument, reading)
    : readFrames(framesOf(instrument, files), files, feed, instrument, reading);
  const { tally, signal } = reading;
  // A candle that is held back is of use once a later one comes.
  const isOfUse = tally.total('used') > 0 || tally.count('last-candle-held-back') > 0;
  if (!signal?.aborted && !isOfUse) throw nothingUsed(files, tally);
}

function framesOf({ venue }: InstrumentSettings, files: readonly string[]): VenueFrames {
  const frames = findVenueFrames(venue);
  if (frames !== undefined) return frames;
  throw new RecordingError(
    `recording "${files[0]}" holds raw frames, and those of the venue "${venue}" are not known: ingest those of ${VENUE_NAMES.join(', ')}, or candles`,
  );
}

function nothingUsed(files: readonly string[], tally: Tally): RecordingError {
  const kinds = framesText(tally.frames).join('; ');
  const reasons = [...tally.entries].map(([reason, { first }]) => `; ${reason}, first at ${first}`).join('');
  return new RecordingError(
    `recording ${files.map((file) => `"${file}"`).join(', ')}: nothing in it is of use to this feed (${kinds}${reasons}); it takes depth updates with a snapshot, trades, or candles`,
  );
}

async function* readTexts(file: string, tally: Tally): AsyncGenerator<string[]> {
  for await (const lines of readLines(file, tally)) yield lines.ends.map((_, i) => lineText(lines, i));
}

/** Throws RecordingError where they are of several kinds, or one is of none. */
async function kindOfAll(files: readonly string[]): Promise<Kind> {
  let known: Kind | undefined;
  for (const file of files) {
    const kind = await kindOfFile(file);
    if (known !== undefined && kind !== known) {
      throw new RecordingError(
        `recording "${file}" is of the kind ${kind.name}, the one before it of ${known.name}; ingest them apart`,
      );
    }
    known = kind;
  }
  return known ?? FRAMES;
}

async function kindOfFile(file: string): Promise<Kind> {
  for await (const lines of readLines(file, new Tally())) return kindOf(file, lines);
  throw new RecordingError(`recording "${file}" holds nothing that can be read; fetch it again`);
}

/** Throws RecordingError for a file that cannot be opened or is no recording of a known kind, by its first lines. */
export async function checkRecording(file: string): Promise<void> {
  await kindOfFile(file);
}

/** A first frame may itself be bad, so more than one line is looked at. */
const LINES_LOOKED_AT = 20;

function kindOf(file: string, lines: Lines): Kind {
  const texts = lines.ends.slice(0, LINES_LOOKED_AT).map((_, i) => lineText(lines, i));
  const first = (texts[0] ?? '').replace(/^\uFEFF/, '').trim();
  const candles = CANDLE_KINDS.find((kind) => kind.isKind(first));
  if (candles !== undefined) return candles;
  if (texts.some((line) => /^\d{16,20} \{/.test(line))) return FRAMES;
  const begins = ['with `<receive ns> {frame}`', ...CANDLE_KINDS.map((kind) => kind.begins)];
  throw new RecordingError(`recording "${file}" is of no known kind: it begins neither ${begins.join(', nor ')}`);
}

/** Raw frames as one session, in the order of the files. */
async function* readFrames(
  frames: VenueFrames,
  files: readonly string[],
  feed: FeedSettings,
  instrument: InstrumentSettings,
  { tally, meter, signal }: FeedReading,
): AsyncGenerator<EvidenceDraft[]> {
  const session = new FrameFiles(frames, feed, instrument, tally, meter);
  let told = 0;
  const tellReceived = (): void => {
    const { received } = session;
    meter?.noteFrames(received - told);
    told = received;
  };
  try {
    for (const file of files) {
      session.startFile(file);
      for await (const lines of readLines(file, tally)) {
        if (signal?.aborted) return;
        const drafts: EvidenceDraft[] = [];
        for (let i = 0; i < lines.ends.length; i++) {
          for (const draft of session.readLine(lines, i)) drafts.push(draft);
        }
        tellReceived();
        if (drafts.length > 0) yield drafts;
      }
    }
    // The end of the session is evidence too, and a reading that was stopped has not seen it.
    if (signal?.aborted) return;
    const last = session.end();
    if (last.length > 0) yield last;
  } finally {
    session.drop();
    tellReceived();
  }
}
