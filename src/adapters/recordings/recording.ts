/** A recording as market evidence. Its first line shows its kind. */

import { type Candle, CandleSession } from '../../domain/feed/candle-session.ts';
import type { EvidenceDraft } from '../../domain/feed/evidence.ts';
import { FeedSession } from '../../domain/feed/feed-session.ts';
import type { MarketMessage } from '../../domain/feed/messages.ts';
import { framesText, Tally } from '../../domain/feed/tally.ts';
import { intervalMs } from '../../domain/interval.ts';
import type { FeedSettings, InstrumentSettings } from '../../domain/settings/settings.ts';
import { type Feed, type FeedMeter, type FeedReading, RecordingError } from '../../ports/feed.ts';
import { FrameScanner } from '../venues/binance/frame-scanner.ts';
import { parseFrame, RefusedFrameError } from '../venues/binance/frames.ts';
import type { CandleKind, CandleReader } from './candles/candle-kind.ts';
import { CANDLE_KINDS } from './candles/candle-kinds.ts';
import { checkReadable, type Lines, lineText, readLines } from './lines.ts';

/** One kind of recording: takes line `index` of some, gives evidence. Several files of a kind are one session. */
interface Session {
  /** How many frames or candles came in so far. */
  readonly received: number;
  startFile(file: string): void;
  readLine(lines: Lines, index: number): readonly EvidenceDraft[];
  endFile(): void;
  end(): EvidenceDraft[];
  /** Counts what still waits as dropped. */
  drop(): void;
}

const FRAMES = { name: 'binance-frames' } as const;
type Kind = CandleKind | typeof FRAMES;

/**
 * The recordings in `files` as a feed: one session, in the order given. Reading throws RecordingError for a file that
 * cannot be opened or is no recording of a known kind.
 */
export function recordingFeed(files: readonly string[], feed: FeedSettings, instrument: InstrumentSettings): Feed {
  return { evidence: (reading) => readRecording(files, feed, instrument, reading) };
}

async function* readRecording(
  files: readonly string[],
  feed: FeedSettings,
  instrument: InstrumentSettings,
  { tally, meter, signal }: FeedReading,
): AsyncGenerator<EvidenceDraft[]> {
  // A file that is not there should be known before evidence of the others is on the tape.
  for (const file of files) await checkReadable(file);
  let session: Session | undefined;
  let sessionKind: Kind | undefined;
  let told = 0;
  const tellReceived = (): void => {
    const received = session?.received ?? 0;
    meter?.noteFrames(received - told);
    told = received;
  };
  try {
    for (const file of files) {
      let isFirst = true;
      for await (const lines of readLines(file, tally)) {
        if (signal?.aborted) return;
        const drafts: EvidenceDraft[] = [];
        if (isFirst) {
          isFirst = false;
          const kind = kindOf(file, lines);
          if (sessionKind !== undefined && kind !== sessionKind) {
            throw new RecordingError(
              `recording "${file}" is of the kind ${kind.name}, the one before it of ${sessionKind.name}; ingest them apart`,
            );
          }
          sessionKind = kind;
          session ??= makeSession(kind, feed, instrument, tally, meter);
          session.startFile(file);
        }
        for (let i = 0; i < lines.ends.length; i++) {
          for (const draft of (session as Session).readLine(lines, i)) drafts.push(draft);
        }
        tellReceived();
        if (drafts.length > 0) yield drafts;
      }
      if (isFirst) throw new RecordingError(`recording "${file}" holds nothing that can be read; fetch it again`);
      session?.endFile();
    }
    // The end of the session is evidence too, and a reading that was stopped has not seen it.
    if (signal?.aborted) return;
    const last = session?.end() ?? [];
    if (last.length > 0) yield last;
  } finally {
    session?.drop();
    tellReceived();
  }
  if (tally.total('used') === 0) throw nothingUsed(files, tally);
}

function nothingUsed(files: readonly string[], tally: Tally): RecordingError {
  const kinds = framesText(tally.frames).join('; ');
  const reasons = [...tally.entries].map(([reason, { first }]) => `; ${reason}, first at ${first}`).join('');
  return new RecordingError(
    `recording ${files.map((file) => `"${file}"`).join(', ')}: nothing in it is of use to this feed (${kinds}${reasons}); it takes depth updates with a snapshot, trades, or candles`,
  );
}

/** Throws RecordingError for a file that cannot be opened or is no recording of a known kind, by its first lines. */
export async function checkRecording(file: string): Promise<void> {
  for await (const lines of readLines(file, new Tally())) {
    kindOf(file, lines);
    return;
  }
  throw new RecordingError(`recording "${file}" holds nothing that can be read; fetch it again`);
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

function makeSession(
  kind: Kind,
  feed: FeedSettings,
  instrument: InstrumentSettings,
  tally: Tally,
  meter: FeedMeter | undefined,
): Session {
  if ('open' in kind) return new CandleFiles(kind, feed, instrument, tally);
  return new FrameFiles(feed, instrument, tally, meter);
}

/** How often candles must be the same distance apart to show another interval; gaps make longer distances by chance. */
const SHORTER_SPACINGS = 3;
const LONGER_SPACINGS = 20;

/** Candle files, of either kind, as one session. */
class CandleFiles implements Session {
  readonly #kind: CandleKind;
  readonly #feed: FeedSettings;
  readonly #tally: Tally;
  readonly #session: CandleSession;
  #reader: CandleReader | undefined;
  #file = '';
  #lastOpen: number | null = null;
  #spacing = 0;
  #sameSpacings = 0;

  constructor(kind: CandleKind, feed: FeedSettings, instrument: InstrumentSettings, tally: Tally) {
    this.#kind = kind;
    this.#feed = feed;
    this.#tally = tally;
    this.#session = new CandleSession(instrument, feed.bars, tally);
  }

  get received(): number {
    let received = 0;
    for (const { used, refused, dropped, unused } of this.#tally.frames.values()) received += used + refused + dropped + unused;
    return received;
  }

  startFile(file: string): void {
    this.#file = file;
    this.#reader = this.#kind.open(file, this.#feed.bars, this.#tally);
  }

  readLine(lines: Lines, index: number): readonly EvidenceDraft[] {
    const drafts: EvidenceDraft[] = [];
    const onCandle = (candle: Candle) => {
      this.#checkSpacing(candle.openTime);
      for (const draft of this.#session.apply(candle)) drafts.push(draft);
    };
    this.#reader?.readLine(lineText(lines, index), onCandle);
    return drafts;
  }

  endFile(): void {
    this.#reader?.end();
  }

  end(): EvidenceDraft[] {
    return this.#session.end();
  }

  /** No candle waits. */
  drop(): void {}

  /** Candles of another interval than the feed's would be taken for what they are not. */
  #checkSpacing(openTime: number): void {
    const spacing = this.#lastOpen === null ? 0 : openTime - this.#lastOpen;
    this.#lastOpen = openTime;
    this.#sameSpacings = spacing === this.#spacing ? this.#sameSpacings + 1 : 1;
    this.#spacing = spacing;
    const expected = intervalMs(this.#feed.bars);
    const isWrong =
      (spacing > 0 && spacing < expected && this.#sameSpacings >= SHORTER_SPACINGS) ||
      (spacing > expected && this.#sameSpacings >= LONGER_SPACINGS);
    if (!isWrong) return;
    throw new RecordingError(
      `recording "${this.#file}": its candles are ${spacing / 1000} s apart, but the feed's bars are ${this.#feed.bars}; name the interval of the candles`,
    );
  }
}

/** Of so many frames one is timed, so that what a clock costs is not to be seen. */
const TIMED_EVERY = 256;

/** Raw frames: a line that cannot be read is counted and loses nothing else. */
class FrameFiles implements Session {
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

  endFile(): void {
    this.#line = 0;
  }

  end(): EvidenceDraft[] {
    return this.#session.end();
  }

  drop(): void {
    this.#session.drop();
  }
}
