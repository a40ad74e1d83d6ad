/** The figures of one feed while it is read: from its meter, its tally and the evidence itself. */

import type { EvidenceDraft } from '../../domain/feed/evidence.ts';
import { type Fate, REFUSALS, type Tally, type TallyReason } from '../../domain/feed/tally.ts';
import { counter, type Figures, gauge, histogram, type Metrics, MICROSECONDS } from '../../metrics.ts';
import type { Time } from '../../ports/clock.ts';
import type { FeedMeter } from '../../ports/feed.ts';
import type { FeedStep } from './ingest.ts';

const MARKET = ['venue', 'symbol'] as const;

export const FEED_FAMILIES = {
  parse: histogram('tapedeck_parse_seconds', 'Reading one frame, one in 256 timed', MICROSECONDS, ['venue']),
  book: histogram('tapedeck_book_seconds', 'A depth frame into book and sample, one in 256 timed', MICROSECONDS, ['venue']),
  bar: histogram('tapedeck_bar_seconds', 'A trade into bars, one in 256 timed', MICROSECONDS, ['venue']),
  frames: counter('tapedeck_feed_frames_total', 'Frames received; of candle files, candles', MARKET),
  fates: counter(
    'tapedeck_feed_fates_total',
    'What became of the frames: used, refused, dropped or unused; when the feed has ended they add up to those received',
    [...MARKET, 'kind', 'fate'],
  ),
  refused: counter('tapedeck_feed_refused_total', 'Input that could not be used', [...MARKET, 'reason']),
  dropped: counter('tapedeck_feed_dropped_total', 'Input dropped or allowed for', [...MARKET, 'reason']),
  differing: counter(
    'tapedeck_feed_differing_total',
    'Evidence dropped, as the tape has the same fact with other content',
    MARKET,
  ),
  older: counter('tapedeck_feed_older_total', 'Evidence dropped, as the tape is past it without it: made otherwise', MARKET),
  gaps: counter('tapedeck_feed_gaps_total', 'Missing updates (depth) and trades (trade)', [...MARKET, 'kind']),
  resyncs: counter('tapedeck_feed_resyncs_total', 'Recoveries after a gap, a crossed book or silence', MARKET),
  staleness: gauge(
    'tapedeck_feed_staleness_seconds',
    'Since the last frame that was used, while the next one is awaited',
    MARKET,
  ),
  state: gauge('tapedeck_feed_state', '1 for the state that the feed is in', [...MARKET, 'state']),
};

const FATES: readonly Fate[] = ['used', 'refused', 'dropped', 'unused'];

const GAPS: ReadonlyMap<TallyReason, string> = new Map([
  ['depth-gap', 'depth'],
  ['trade-gap', 'trade'],
]);

interface Market {
  readonly venue: string;
  readonly symbol: string;
}

export class FeedWatch implements FeedMeter {
  readonly #metrics: Metrics;
  readonly #figures: Figures<typeof FEED_FAMILIES>;
  readonly #market: Market;
  readonly #tally: Tally;
  readonly #time: Time;
  /** The counts of the tally that are in the figures already. */
  readonly #told = new Map<TallyReason, number>();
  /** The same of the frames, by kind and fate. */
  readonly #toldFrames = new Map<string, number>();
  #state = 'syncing';
  /** Of recordings that are merged and played, most wait with what they have for the time of that. */
  #isAwaited = true;
  /** When a frame was last used, or evidence came, monotonic, in ms. */
  #lastUsed: number;
  #used = 0;

  constructor(metrics: Metrics, { venue, symbol }: Market, tally: Tally, time: Time) {
    this.#time = time;
    this.#lastUsed = time.monotonic();
    this.#metrics = metrics;
    this.#figures = metrics.of(FEED_FAMILIES);
    this.#market = { venue, symbol };
    this.#tally = tally;
    this.#figures.frames.inc(this.#market, 0);
    this.#figures.resyncs.inc(this.#market, 0);
    this.#figures.differing.inc(this.#market, 0);
    this.#figures.older.inc(this.#market, 0);
    for (const reason of REFUSALS) this.#figures.refused.inc({ ...this.#market, reason }, 0);
    for (const kind of GAPS.values()) this.#figures.gaps.inc({ ...this.#market, kind }, 0);
    this.#figures.state.set({ ...this.#market, state: this.#state }, 1);
    metrics.collect(`feed ${venue} ${symbol}`, () => this.#tell());
  }

  /** What is dropped or refused is no sign of life. */
  noteFrames(frames: number): void {
    const used = this.#tally.total('used');
    if (used > this.#used) this.#lastUsed = this.#time.monotonic();
    this.#used = used;
    this.#figures.frames.inc(this.#market, frames);
  }

  /** The source is asked for more. */
  noteAsked(): void {
    this.#lastUsed = this.#time.monotonic();
    this.#isAwaited = true;
  }

  /** It has answered: what came is in hand, and may wait there for its time. */
  noteAnswered(): void {
    this.#isAwaited = false;
  }

  monotonic(): number {
    return this.#time.monotonic();
  }

  noteTime(operation: 'parse' | 'book' | 'bar', ms: number): void {
    this.#figures[operation].observe({ venue: this.#market.venue }, ms / 1_000);
  }

  /** Looks at what the evidence of a commit says of the feed itself, and at what became of it. */
  noteStep({ drafts, outcome }: FeedStep): void {
    this.#noteEvidence(drafts);
    this.#figures.differing.inc(this.#market, outcome.differing);
    this.#figures.older.inc(this.#market, outcome.older);
  }

  #noteEvidence(drafts: readonly EvidenceDraft[]): void {
    this.#lastUsed = this.#time.monotonic();
    for (const draft of drafts) {
      if (draft.type === 'FeedStale') this.#enter(draft.data.reason);
      if (draft.type !== 'FeedRecovered') continue;
      this.#enter('trusted');
      if (draft.data.reason !== 'ended') this.#figures.resyncs.inc(this.#market);
    }
  }

  /** Nothing more will come: how long ago one was used means nothing from now on. */
  end(): void {
    this.#tell();
    this.#enter('ended');
    this.#metrics.collect(`feed ${this.#market.venue} ${this.#market.symbol}`, () => undefined);
    this.#figures.staleness.remove(this.#market);
  }

  #enter(state: string): void {
    this.#figures.state.set({ ...this.#market, state: this.#state }, 0);
    this.#state = state;
    this.#figures.state.set({ ...this.#market, state }, 1);
  }

  #tell(): void {
    const silence = this.#isAwaited ? this.#time.monotonic() - this.#lastUsed : 0;
    this.#figures.staleness.set(this.#market, silence / 1_000);
    for (const [reason, { count }] of this.#tally.entries) {
      const more = count - (this.#told.get(reason) ?? 0);
      if (more === 0) continue;
      this.#told.set(reason, count);
      const gap = GAPS.get(reason);
      if (gap !== undefined) this.#figures.gaps.inc({ ...this.#market, kind: gap }, more);
      else if (REFUSALS.has(reason)) this.#figures.refused.inc({ ...this.#market, reason }, more);
      else this.#figures.dropped.inc({ ...this.#market, reason }, more);
    }
    this.#tellFates();
  }

  #tellFates(): void {
    for (const [kind, counts] of this.#tally.frames) {
      for (const fate of FATES) {
        const key = `${kind} ${fate}`;
        const more = counts[fate] - (this.#toldFrames.get(key) ?? 0);
        if (more === 0) continue;
        this.#toldFrames.set(key, counts[fate]);
        this.#figures.fates.inc({ ...this.#market, kind, fate }, more);
      }
    }
  }
}
