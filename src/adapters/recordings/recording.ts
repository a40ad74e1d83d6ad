/** A recording as market evidence. Its first line shows its kind. */

import type { EvidenceDraft } from '../../domain/feed/evidence.ts';
import { FeedSession } from '../../domain/feed/feed-session.ts';
import type { MarketMessage } from '../../domain/feed/messages.ts';
import { framesText, Tally } from '../../domain/feed/tally.ts';
import type { FeedSettings, InstrumentSettings } from '../../domain/settings/settings.ts';
import { type Feed, type FeedMeter, type FeedReading, RecordingError } from '../../ports/feed.ts';
import { FrameScanner } from '../venues/binance/frame-scanner.ts';
import { parseFrame, RefusedFrameError } from '../venues/binance/frames.ts';
import { MAX_TURNED_CANDLES, readCandles } from './candles/candle-files.ts';
import type { CandleKind } from './candles/candle-kind.ts';
import { CANDLE_KINDS } from './candles/candle-kinds.ts';
import { checkReadable, type Lines, lineText, readLines } from './lines.ts';

const FRAMES = { name: 'binance-frames' } as const;
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
    : readFrames(files, feed, instrument, reading);
  const { tally, signal } = reading;
  // A candle that is held back is of use once a later one comes.
  const isOfUse = tally.total('used') > 0 || tally.count('last-candle-held-back') > 0;
  if (!signal?.aborted && !isOfUse) throw nothingUsed(files, tally);
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
  files: readonly string[],
  feed: FeedSettings,
  instrument: InstrumentSettings,
  { tally, meter, signal }: FeedReading,
): AsyncGenerator<EvidenceDraft[]> {
  const session = new FrameFiles(feed, instrument, tally, meter);
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

/** Of so many frames one is timed, so that what a clock costs is not to be seen. */
const TIMED_EVERY = 256;

/** Raw frames: a line that cannot be read is counted and loses nothing else. */
class FrameFiles {
  readonly #instrument: InstrumentSettings;
  readonly #tally: Tally;
  readonly #scanner: FrameScanner;
  readonly #session: FeedSession;
  readonly #meter: FeedMeter | undefined;
  #file = '';
  #line = 0;
  #received = 0;

  constructor(feed: FeedSettings, instrument: InstrumentSettings, tally: Tally, meter: FeedMeter | undefined) {
    this.#instrument = instrument;
    this.#tally = tally;
    this.#meter = meter;
    this.#scanner = new FrameScanner(instrument);
    this.#session = new FeedSession(feed, instrument, tally);
  }

  /** A line that is too long to be held is left out, and is a frame all the same. */
  get received(): number {
    return this.#received + this.#tally.count('line-too-long');
  }

  startFile(file: string): void {
    this.#file = file;
    this.#line = 0;
  }

  readLine(lines: Lines, index: number): readonly EvidenceDraft[] {
    this.#line++;
    this.#tally.at(this.#file, this.#line);
    if (this.#meter !== undefined && this.#line % TIMED_EVERY === 0) return this.#readTimed(lines, index, this.#meter);
    const frame = this.#read(lines, index);
    return frame === undefined ? [] : this.#session.apply(frame);
  }

  #readTimed(lines: Lines, index: number, meter: FeedMeter): readonly EvidenceDraft[] {
    const began = meter.monotonic();
    const frame = this.#read(lines, index);
    const read = meter.monotonic();
    meter.noteTime('parse', read - began);
    if (frame === undefined) return [];
    const drafts = this.#session.apply(frame);
    if (frame.kind === 'depth') meter.noteTime('book', meter.monotonic() - read);
    if (frame.kind === 'trade') meter.noteTime('bar', meter.monotonic() - read);
    return drafts;
  }

  #read(lines: Lines, index: number): MarketMessage | undefined {
    const scanned = this.#scanner.scan(lines.bytes, lines.starts[index] as number, lines.ends[index] as number);
    if (scanned !== undefined) {
      this.#received++;
      return scanned;
    }
    const line = lineText(lines, index);
    if (line === '' || line === '\r') return undefined;
    this.#received++;
    try {
      return parseFrame(line, this.#instrument);
    } catch (error) {
      if (!(error instanceof RefusedFrameError)) throw error;
      this.#tally.note(error.reason, error.message, error.kind);
      return undefined;
    }
  }

  end(): EvidenceDraft[] {
    return this.#session.end();
  }

  drop(): void {
    this.#session.drop();
  }
}
