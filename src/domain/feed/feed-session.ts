/**
 * A feed of depth and trades into evidence: the book is kept, bars are built, depth is sampled, and it is said from
 * when to when the feed can be trusted. A function of the messages alone.
 *
 * Until the first snapshot links up with its updates the book is syncing, and nothing is said: a feed is to be trusted
 * from its first FeedRecovered (reason `ended`: what came before this session had ended) and not after a FeedStale
 * until the next FeedRecovered. A FeedStale may follow another when the reason changes.
 */

import type { FeedStaleReason } from '../market/events.ts';
import type { FeedSettings, InstrumentSettings } from '../settings/settings.ts';
import { durationMs } from '../time.ts';
import { BarBuilder } from './bar-builder.ts';
import { DepthSampler } from './depth-sampler.ts';
import { type EvidenceDraft, feedRecovered, feedStale } from './evidence.ts';
import type { Quote } from './growing-bar.ts';
import type { BookSnapshot, DepthUpdate, MarketMessage, Trade } from './messages.ts';
import { OrderBook } from './order-book.ts';
import type { Tally } from './tally.ts';

/** How far an event may lie ahead of the receiver's clock, beyond that clock's own error. */
export const AHEAD_MS = 2_000;
/** How far a receiver's clock may itself be behind the venue's. */
const MAX_CLOCK_ERROR_MS = 60_000;

const NO_DRAFTS: readonly EvidenceDraft[] = [];
const NO_QUOTE: Quote = { bid: undefined, ask: undefined };

export class FeedSession {
  readonly #instrument: InstrumentSettings;
  readonly #tally: Tally;
  readonly #staleAfterMs: number;
  readonly #book: OrderBook;
  readonly #bars: BarBuilder;
  /** Undefined where the settings ask for no book: then trades alone tell whether the feed lives. */
  readonly #sampler: DepthSampler | undefined;
  readonly #drafts: EvidenceDraft[] = [];
  #hasBegun = false;
  #stale: FeedStaleReason | null = null;
  /** Receive time of the last depth message, epoch ms. */
  #lastDepthReceived: number | null = null;
  /** Event time of the last update applied to a valid book. */
  #lastGoodTime: number | null = null;
  /** The greatest event time of any message. */
  #lastTime: number | null = null;
  /** The least by which event times were ahead of receive times: the error of the receiver's clock. */
  #clockError = MAX_CLOCK_ERROR_MS;

  constructor(feed: FeedSettings, instrument: InstrumentSettings, tally: Tally) {
    this.#instrument = instrument;
    this.#tally = tally;
    this.#staleAfterMs = durationMs(feed.staleAfter);
    this.#book = new OrderBook(tally);
    this.#bars = new BarBuilder(instrument, feed.bars, tally);
    this.#sampler =
      feed.depth === undefined ? undefined : new DepthSampler(instrument, feed.depth.levels, durationMs(feed.depth.every));
  }

  /** Takes the next message; returns the evidence that it makes, in order. */
  apply(message: MarketMessage): readonly EvidenceDraft[] {
    this.#checkSilence(message.receivedAt);
    if (message.kind === 'depth') this.#applyDepth(message);
    else if (message.kind === 'trade') this.#applyTrade(message);
    else if (message.kind === 'snapshot') this.#applySnapshot(message);
    return this.#drafts.length === 0 ? NO_DRAFTS : this.#drafts.splice(0);
  }

  /** The recording is over. A bar that is still growing never closes, for it cannot be known to be whole. */
  end(): EvidenceDraft[] {
    if (!this.#hasBegun || this.#lastTime === null) return [];
    return [feedStale(this.#instrument, 'ended', this.#lastTime, this.#lastTime)];
  }

  #applySnapshot(snapshot: BookSnapshot): void {
    this.#book.reset(snapshot);
    this.#settle();
  }

  #applyDepth(update: DepthUpdate): void {
    if (this.#isAhead(update.receivedAt, update.eventTime, 'depth event')) return;
    this.#lastDepthReceived = update.receivedAt;
    this.#book.apply(update);
    const quote: Quote = this.#book.state === 'valid' ? { bid: this.#book.bids.best, ask: this.#book.asks.best } : NO_QUOTE;
    this.#drafts.push(...this.#bars.applyTime(update.eventTime, quote));
    this.#settle();
  }

  #applyTrade(trade: Trade): void {
    if (this.#isAhead(trade.receivedAt, trade.time, 'trade')) return;
    if (this.#sampler === undefined && !this.#hasBegun) {
      this.#hasBegun = true;
      this.#drafts.push(feedRecovered(this.#instrument, 'ended', trade.time));
    }
    this.#drafts.push(...this.#bars.applyTrade(trade));
  }

  /** Says what has changed in the trust in the book, and samples it while it can be trusted. */
  #settle(): void {
    const book = this.#book;
    const sampler = this.#sampler;
    const { eventTime } = book;
    // After a snapshot nothing tells the time until an update is applied on top of it.
    if (sampler === undefined || eventTime === null) return;
    if (book.state !== 'valid') {
      if (this.#hasBegun) this.#goStale(book.hasGap ? 'gap' : 'crossed', this.#lastTime ?? eventTime);
      return;
    }
    this.#lastGoodTime = eventTime;
    if (!this.#hasBegun || this.#stale !== null) {
      this.#drafts.push(feedRecovered(this.#instrument, this.#stale ?? 'ended', eventTime));
      this.#hasBegun = true;
      this.#stale = null;
    }
    this.#drafts.push(...sampler.sample(book, eventTime));
  }

  #goStale(reason: FeedStaleReason, time: number): void {
    if (this.#stale === reason) return;
    this.#stale = reason;
    if (reason === 'crossed')
      this.#tally.note('book-crossed', `bid ${this.#book.bids.best}, ask ${this.#book.asks.best}, in units`);
    this.#drafts.push(feedStale(this.#instrument, reason, time, this.#lastGoodTime));
  }

  #checkSilence(receivedAt: number): void {
    if (this.#sampler === undefined || !this.#hasBegun || this.#stale !== null || this.#lastDepthReceived === null) return;
    if (receivedAt - this.#lastDepthReceived <= this.#staleAfterMs || this.#lastGoodTime === null) return;
    this.#goStale('silent', this.#lastGoodTime + this.#staleAfterMs);
  }

  /** A time that cannot be would close every bar before its end: such a message is refused. */
  #isAhead(receivedAt: number, time: number, what: string): boolean {
    const ahead = time - receivedAt;
    if (ahead > this.#clockError + AHEAD_MS) {
      this.#tally.note('ahead-of-clock', `a ${what} is ${ahead} ms ahead of the receiver's clock`);
      return true;
    }
    if (ahead < this.#clockError) this.#clockError = ahead;
    if (this.#lastTime === null || time > this.#lastTime) this.#lastTime = time;
    return false;
  }
}
