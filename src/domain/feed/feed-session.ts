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
import type { Book } from './book/book.ts';
import { OrderBook } from './book/order-book.ts';
import { StreamedBook } from './book/streamed-book.ts';
import { DepthSampler } from './depth-sampler.ts';
import { type EvidenceDraft, feedRecovered, feedStale } from './evidence.ts';
import type { Quote } from './growing-bar.ts';
import type { BookSnapshot, DepthUpdate, MarketMessage, SnapshotSource, Trade } from './messages.ts';
import { type ClockVerdict, ReceiverClock } from './receiver-clock.ts';
import type { FrameCounts, Tally } from './tally.ts';
import { TradeNames } from './trade-names.ts';
import { parseUnits } from './units.ts';

const NO_DRAFTS: readonly EvidenceDraft[] = [];
const NO_QUOTE: Quote = { bid: undefined, ask: undefined };

/** A message that tells a time of the venue. */
type TimedMessage = DepthUpdate | Trade | BookSnapshot;

export class FeedSession {
  readonly #instrument: InstrumentSettings;
  readonly #tally: Tally;
  readonly #staleAfterMs: number;
  readonly #book: Book;
  readonly #bars: BarBuilder;
  readonly #names = new TradeNames();
  /** Undefined where the settings ask for no book: then trades alone tell whether the feed lives. */
  readonly #sampler: DepthSampler | undefined;
  readonly #drafts: EvidenceDraft[] = [];
  #hasBegun = false;
  #stale: FeedStaleReason | null = null;
  /** The time of the latest FeedStale: none may recover before. */
  #staleTime = Number.NEGATIVE_INFINITY;
  /** How long ago, by receive times, a message changed the book, ms. */
  #quietMs = 0;
  /** Event time of the last update applied to a valid book whose best prices are known. */
  #lastGoodTime: number | null = null;
  /** The greatest event time of any message that was used. */
  #lastTime: number | null = null;
  readonly #clock = new ReceiverClock();
  /** The stream of the last frame that was of no use, and its counts. */
  #unusedStream = '';
  #unused: FrameCounts | undefined;
  /** Messages ahead of the receiver's clock, until it shows whether the clock is another: with where they came from. */
  readonly #held: { readonly message: TimedMessage; readonly place: string }[] = [];

  constructor(feed: FeedSettings, instrument: InstrumentSettings, tally: Tally, snapshots: SnapshotSource) {
    this.#instrument = instrument;
    this.#tally = tally;
    this.#staleAfterMs = durationMs(feed.staleAfter);
    const tick = parseUnits(instrument.tickSize, instrument.priceScale);
    this.#book = snapshots === 'streamed' ? new StreamedBook(tally, tick, instrument.priceScale) : new OrderBook(tally, tick);
    this.#bars = new BarBuilder(instrument, feed.bars, tally, this.#staleAfterMs);
    this.#sampler =
      feed.depth === undefined ? undefined : new DepthSampler(instrument, feed.depth.levels, durationMs(feed.depth.every));
  }

  /** Takes the next message; returns the evidence that it makes, in order. */
  apply(message: MarketMessage): readonly EvidenceDraft[] {
    const time = timeOf(message);
    this.#checkSilence(this.#clock.elapsed(message.receivedAt, time));
    if (message.kind === 'other') this.#noteUnused(message.stream);
    else if (time === null) this.#applyGood(message);
    else this.#applyTimed(message, time);
    return this.#drafts.length === 0 ? NO_DRAFTS : this.#drafts.splice(0);
  }

  /** The recording is over. A bar that is still growing never closes, for it cannot be known to be whole. */
  end(): EvidenceDraft[] {
    if (!this.#hasBegun || this.#lastTime === null) return [];
    return [feedStale(this.#instrument, 'ended', this.#lastTime, this.#lastTime)];
  }

  /** Counts what still waits as dropped: nothing more comes. */
  drop(): void {
    this.#refuseHeld(0);
    this.#book.drop();
    this.#bars.drop();
  }

  /** Most frames of a recording may be of one stream that is of no use. */
  #noteUnused(stream: string): void {
    if (stream === this.#unusedStream && this.#unused !== undefined) {
      this.#unused.unused++;
      return;
    }
    this.#tally.noteFrame(stream, 'unused');
    this.#unusedStream = stream;
    this.#unused = this.#tally.countsOf(stream);
  }

  #applySnapshot(snapshot: BookSnapshot): void {
    if (!this.#book.applySnapshot(snapshot)) return;
    this.#quietMs = 0;
    if (snapshot.eventTime === undefined) this.#settle(this.#quote());
    else this.#noteBook(snapshot.eventTime);
  }

  /** A time that cannot be would close every bar before its end: such a message is refused. */
  #applyTimed(message: TimedMessage, time: number): void {
    const verdict = this.#clock.judge(message.receivedAt, time);
    if (verdict !== 'in-step' || this.#held.length > 0) this.#applyDoubtful(message, verdict);
    else this.#applyGood(message);
  }

  /** Holds a message that is ahead until so many others agree with it that the receiver's clock must be another. */
  #applyDoubtful(message: TimedMessage, verdict: ClockVerdict): void {
    const { place } = this.#tally;
    if (verdict === 'impossible') this.#refuse(message, place);
    if (verdict === 'ahead' || verdict === 'set') this.#held.push({ message, place });
    if (verdict === 'set') for (const held of this.#held.splice(0)) this.#applyGood(held.message);
    else this.#refuseHeld(this.#clock.aheadInARow);
    if (verdict === 'in-step') this.#applyGood(message);
  }

  /** Refuses what is held, but for the last `kept`. */
  #refuseHeld(kept: number): void {
    for (const { message, place } of this.#held.splice(0, Math.max(0, this.#held.length - kept))) this.#refuse(message, place);
  }

  #refuse(message: TimedMessage, place: string): void {
    const [what, kind] = message.kind === 'depth' ? ['depth event', 'depthUpdate'] : [message.kind, message.kind];
    const detail = `a ${what} is ${(timeOf(message) ?? 0) - message.receivedAt} ms ahead of the receiver's clock`;
    this.#tally.note('ahead-of-clock', detail, kind, place);
  }

  #applyGood(message: TimedMessage): void {
    if (message.kind === 'depth') this.#applyDepth(message);
    else if (message.kind === 'trade') this.#applyCounted(message);
    else this.#applySnapshot(message);
  }

  #applyDepth(update: DepthUpdate): void {
    const outcome = this.#book.apply(update);
    // What is dropped is no sign of life: neither time, quote nor trust is taken from it.
    if (outcome === 'dropped') return;
    if (outcome === 'applied') this.#quietMs = 0;
    this.#noteBook(update.eventTime);
  }

  /** Tells what the book, or its loss, at that time makes of bars, trust and samples. */
  #noteBook(eventTime: number): void {
    this.#noteTime(eventTime);
    const quote = this.#quote();
    for (const draft of this.#bars.applyTime(eventTime, quote)) this.#drafts.push(draft);
    this.#settle(quote);
  }

  /**
   * NO_QUOTE where the book cannot be trusted. Null where it goes on and its best prices are not known: the quote before
   * that stands, until it is too old.
   */
  #quote(): Quote | null {
    const { state, eventTime, bids, asks } = this.#book;
    if (state !== 'valid' || eventTime === null) return NO_QUOTE;
    return this.#book.isQuoteKnown ? { bid: bids.best, ask: asks.best } : null;
  }

  #applyCounted(trade: Trade): void {
    const { name } = trade;
    const counted = name === undefined ? trade : this.#names.counted(trade, name);
    if (counted === undefined) this.#tally.note('duplicate-trade', `trade ${name} came before`);
    else this.#applyTrade(counted);
  }

  #applyTrade(trade: Trade): void {
    const { taken } = this.#bars;
    const drafts = this.#bars.applyTrade(trade);
    const isTaken = this.#bars.taken > taken;
    if (isTaken) this.#noteTime(trade.time);
    if (isTaken && this.#sampler === undefined && !this.#hasBegun) {
      this.#hasBegun = true;
      this.#drafts.push(feedRecovered(this.#instrument, 'ended', trade.time));
    }
    for (const draft of drafts) this.#drafts.push(draft);
  }

  #noteTime(time: number): void {
    if (this.#lastTime === null || time > this.#lastTime) this.#lastTime = time;
  }

  /** Says what has changed in the trust in the book, and samples it while it can be trusted. */
  #settle(quote: Quote | null): void {
    const book = this.#book;
    const sampler = this.#sampler;
    const { eventTime } = book;
    // Nothing tells the time until an update is applied on top of a snapshot.
    if (sampler === undefined || eventTime === null) return;
    if (quote === NO_QUOTE) {
      if (this.#hasBegun) this.#goStale(book.hasGap ? 'gap' : 'crossed', this.#lastTime ?? eventTime);
      return;
    }
    if (quote === null) {
      const isTooLong = this.#lastGoodTime !== null && eventTime - this.#lastGoodTime > this.#staleAfterMs;
      if (this.#hasBegun && isTooLong) this.#goStale('gap', this.#lastTime ?? eventTime);
      return;
    }
    this.#lastGoodTime = eventTime;
    if (!this.#hasBegun || this.#stale !== null) {
      this.#drafts.push(feedRecovered(this.#instrument, this.#stale ?? 'ended', Math.max(eventTime, this.#staleTime)));
      this.#hasBegun = true;
      this.#stale = null;
    }
    this.#drafts.push(...sampler.sample(book, eventTime));
  }

  #goStale(reason: FeedStaleReason, time: number): void {
    if (this.#stale === reason) return;
    this.#stale = reason;
    this.#staleTime = Math.max(this.#staleTime, time);
    const { bids, asks, hasGap } = this.#book;
    const quote = `bid ${bids.best}, ask ${asks.best}, in units`;
    if (reason === 'crossed') this.#tally.note('book-crossed', quote);
    if (reason === 'gap' && !hasGap) this.#tally.note('beyond-snapshot', `${quote}: beyond all levels that are known`);
    this.#drafts.push(feedStale(this.#instrument, reason, time, this.#lastGoodTime));
  }

  /** Silence is measured by what was applied. */
  #checkSilence(elapsedMs: number): void {
    this.#quietMs += elapsedMs;
    if (this.#quietMs <= this.#staleAfterMs || this.#stale !== null) return;
    if (this.#sampler === undefined || !this.#hasBegun || this.#lastGoodTime === null) return;
    this.#goStale('silent', this.#lastGoodTime + this.#staleAfterMs);
  }
}

/** The venue's time that a message tells, epoch ms; null where it tells none. */
function timeOf(message: MarketMessage): number | null {
  if (message.kind === 'depth') return message.eventTime;
  if (message.kind === 'trade') return message.time;
  return message.kind === 'snapshot' ? (message.eventTime ?? null) : null;
}
