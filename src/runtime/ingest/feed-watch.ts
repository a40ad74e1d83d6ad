/** What one feed gives and loses, while it is being read: told by the reader, the tally and the evidence itself. */

import type { EvidenceDraft } from '../../domain/feed/evidence.ts';
import type { Tally, TallyReason } from '../../domain/feed/tally.ts';
import type { Metrics } from '../../metrics.ts';
import type { Time } from '../../ports/clock.ts';
import type { FeedMeter } from '../../ports/feed.ts';
import type { EvidenceSink } from './evidence-sink.ts';

/** Reasons of the tally under which input could not be used at all; under the others it was dropped or allowed for. */
const REFUSALS: ReadonlySet<TallyReason> = new Set([
  'not-a-frame',
  'truncated-line',
  'torn-gzip',
  'line-too-long',
  'unknown-stream',
  'wrong-symbol',
  'bad-frame',
  'bad-candle',
  'off-grid-candle',
  'unordered-candle',
  'ahead-of-clock',
]);

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
  readonly #market: Market;
  readonly #tally: Tally;
  readonly #time: Time;
  /** What was told of the tally already. */
  readonly #told = new Map<TallyReason, number>();
  #state = 'syncing';
  /** When a frame or evidence last came, monotonic, in ms. */
  #lastReceived: number;

  constructor(metrics: Metrics, { venue, symbol }: Market, tally: Tally, time: Time) {
    this.#time = time;
    this.#lastReceived = time.monotonic();
    this.#metrics = metrics;
    this.#market = { venue, symbol };
    this.#tally = tally;
    metrics.feedFrames.inc(this.#market, 0);
    metrics.feedResyncs.inc(this.#market, 0);
    metrics.feedDiffering.inc(this.#market, 0);
    for (const reason of REFUSALS) metrics.feedRefused.inc({ ...this.#market, reason }, 0);
    for (const kind of GAPS.values()) metrics.feedGaps.inc({ ...this.#market, kind }, 0);
    metrics.feedState.set({ ...this.#market, state: this.#state }, 1);
    metrics.collect(`feed ${venue} ${symbol}`, () => this.#tell());
  }

  received(frames: number): void {
    this.#lastReceived = this.#time.monotonic();
    this.#metrics.feedFrames.inc(this.#market, frames);
  }

  took(operation: 'parse' | 'book' | 'bar', ms: number): void {
    this.#metrics[operation].observe({ venue: this.#market.venue }, ms / 1_000);
  }

  /** `take`, with a look at what the evidence says of the feed itself, and at what the tape has otherwise. */
  watching(take: EvidenceSink): EvidenceSink {
    return async (drafts, origin) => {
      const outcome = await take(drafts, origin);
      this.#saw(drafts);
      this.#metrics.feedDiffering.inc(this.#market, outcome.differing);
      return outcome;
    };
  }

  #saw(drafts: readonly EvidenceDraft[]): void {
    this.#lastReceived = this.#time.monotonic();
    for (const draft of drafts) {
      if (draft.type === 'FeedStale') this.#enter(draft.data.reason);
      if (draft.type !== 'FeedRecovered') continue;
      this.#enter('trusted');
      if (draft.data.reason !== 'ended') this.#metrics.feedResyncs.inc(this.#market);
    }
  }

  /** Nothing more will come: how long ago the last frame came means nothing from now on. */
  end(): void {
    this.#tell();
    this.#enter('ended');
    this.#metrics.collect(`feed ${this.#market.venue} ${this.#market.symbol}`, () => undefined);
    this.#metrics.feedStaleness.remove(this.#market);
  }

  #enter(state: string): void {
    this.#metrics.feedState.set({ ...this.#market, state: this.#state }, 0);
    this.#state = state;
    this.#metrics.feedState.set({ ...this.#market, state }, 1);
  }

  #tell(): void {
    this.#metrics.feedStaleness.set(this.#market, (this.#time.monotonic() - this.#lastReceived) / 1_000);
    for (const [reason, { count }] of this.#tally.entries) {
      const more = count - (this.#told.get(reason) ?? 0);
      if (more === 0) continue;
      this.#told.set(reason, count);
      const gap = GAPS.get(reason);
      if (gap !== undefined) this.#metrics.feedGaps.inc({ ...this.#market, kind: gap }, more);
      else if (REFUSALS.has(reason)) this.#metrics.feedRefused.inc({ ...this.#market, reason }, more);
      else this.#metrics.feedAllowed.inc({ ...this.#market, reason }, more);
    }
  }
}
