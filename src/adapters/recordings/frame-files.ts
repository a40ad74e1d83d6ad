/** Files of raw frames as one session: a line that cannot be read is counted and loses nothing else. */

import type { EvidenceDraft } from '../../domain/feed/evidence.ts';
import { FeedSession } from '../../domain/feed/feed-session.ts';
import type { MarketMessage } from '../../domain/feed/messages.ts';
import type { Tally } from '../../domain/feed/tally.ts';
import type { FeedSettings, InstrumentSettings } from '../../domain/settings/settings.ts';
import type { FeedMeter } from '../../ports/feed.ts';
import { RefusedFrameError } from '../venues/frame-fields.ts';
import type { FrameReader, VenueFrames } from '../venues/venue-frames.ts';
import { type Lines, lineText } from './lines.ts';

/** Of so many frames one is timed, so that what a clock costs is not to be seen. */
const TIMED_EVERY = 256;

const NO_DRAFTS: readonly EvidenceDraft[] = [];

export class FrameFiles {
  readonly #tally: Tally;
  readonly #reader: FrameReader;
  readonly #session: FeedSession;
  readonly #meter: FeedMeter | undefined;
  #file = '';
  #line = 0;
  #received = 0;

  constructor(
    { snapshots, open }: VenueFrames,
    feed: FeedSettings,
    instrument: InstrumentSettings,
    tally: Tally,
    meter: FeedMeter | undefined,
  ) {
    this.#tally = tally;
    this.#meter = meter;
    this.#reader = open(instrument);
    this.#session = new FeedSession(feed, instrument, tally, snapshots);
  }

  /**
   * How many frames there were; one of several trades counts as so many. A line that is too long to be held is left out,
   * and is a frame all the same.
   */
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
    const scanned = this.#scan(lines, index);
    return scanned === undefined ? this.#applyAll(this.#parse(lines, index)) : this.#session.apply(scanned);
  }

  #readTimed(lines: Lines, index: number, meter: FeedMeter): readonly EvidenceDraft[] {
    const began = meter.monotonic();
    const scanned = this.#scan(lines, index);
    const frames = scanned === undefined ? this.#parse(lines, index) : [scanned];
    const read = meter.monotonic();
    meter.noteTime('parse', read - began);
    const drafts = this.#applyAll(frames);
    const kind = frames[0]?.kind;
    if (kind === 'depth') meter.noteTime('book', meter.monotonic() - read);
    if (kind === 'trade') meter.noteTime('bar', meter.monotonic() - read);
    return drafts;
  }

  #scan(lines: Lines, index: number): MarketMessage | undefined {
    const scanned = this.#reader.scan(lines.bytes, lines.starts[index] as number, lines.ends[index] as number);
    if (scanned !== undefined) this.#received++;
    return scanned;
  }

  /** The messages of a line that is not scanned; none of one that is empty or refused. */
  #parse(lines: Lines, index: number): readonly MarketMessage[] {
    const line = lineText(lines, index);
    if (line === '' || line === '\r') return [];
    try {
      const frames = this.#reader.parse(line);
      this.#received += frames.length;
      return frames;
    } catch (error) {
      if (!(error instanceof RefusedFrameError)) throw error;
      this.#received++;
      this.#tally.note(error.reason, error.message, error.kind);
      return [];
    }
  }

  #applyAll(frames: readonly MarketMessage[]): readonly EvidenceDraft[] {
    const [first] = frames;
    if (first === undefined) return NO_DRAFTS;
    return frames.length === 1 ? this.#session.apply(first) : frames.flatMap((frame) => this.#session.apply(frame));
  }

  end(): EvidenceDraft[] {
    return this.#session.end();
  }

  drop(): void {
    this.#session.drop();
  }
}
