/**
 * Bars from trades, cut by the venue's clock and by trade ids. A bar closes at the first trade of a later interval
 * that follows by its id, or when the venue's clock, as depth events tell it, is past its end by the lateness. Trades
 * after a hole in the ids wait for the missing ones; when those do not come in time, the bars on both sides of the
 * hole are recorded as incomplete. A trade that comes after its bar was closed corrects it.
 *
 * Ids and times rise together. Lower ids at a later time, or an id again at a later time than its trade's, say that the
 * venue's ids began anew: then the ids are counted on from where they were, over a hole. Higher ids at an earlier time are
 * the past.
 *
 * Trades with names are counted by the session, so none is ever missing by its number: their bars have no ids, and cannot be
 * shown to be complete.
 */

import { barOpenMs, type Interval, intervalMs } from '../interval.ts';
import type { InstrumentSettings } from '../settings/settings.ts';
import { barClosed, barCorrected, type EvidenceDraft } from './evidence.ts';
import { addTrade, type BarTerms, barTerms, type GrowingBar, type Quote, recordBar, startBar } from './growing-bar.ts';
import type { Trade } from './messages.ts';
import { QuoteHistory } from './quote-history.ts';
import type { FrameCounts, Tally, TallyReason } from './tally.ts';
import { TradeGaps } from './trade-gaps.ts';
import { TradeIds } from './trade-ids.ts';

/** How long after a bar's end a trade of it may still come before the venue's clock closes it. */
export const LATENESS_MS = 250;
/** How long, by the venue's clock, trades wait for missing ones before them. */
export const MISSING_WAIT_MS = 2_000;
/** Most trades that wait so. */
export const MAX_WAITING_TRADES = 10_000;
/** Closed bars that a late trade can still correct. */
export const CORRECTABLE_BARS = 600;

export class BarBuilder {
  readonly #terms: BarTerms;
  readonly #tally: Tally;
  #trades: FrameCounts | undefined;
  readonly #quotes: QuoteHistory;
  readonly #missing = new TradeGaps();
  /** The last id up to which all are known or given up; null before the first trade. */
  #lastId: number | null = null;
  /** The time of the trade with that id. */
  #lastTime = Number.NEGATIVE_INFINITY;
  readonly #ids = new TradeIds();
  #current: GrowingBar | null = null;
  /** The first id that no bar covers, where prints that no market made came before a bar's first trade. */
  #uncovered: number | null = null;
  /** By open time, oldest first. */
  readonly #closed: GrowingBar[] = [];
  #lastClosedOpenMs = Number.NEGATIVE_INFINITY;
  /** In order of ids, all above `lastId + 1`. */
  #waiting: { readonly trade: Trade; readonly since: number }[] = [];
  /** The greatest event time seen, epoch ms. */
  #now = Number.NEGATIVE_INFINITY;
  #drafts: EvidenceDraft[] = [];
  #taken = 0;
  /** Have the trades names, so that no ids are known, and nothing shows whether one is missing? */
  #hasNames = false;

  /** `quoteLifeMs`: for how long after an update a quote may be shown in a bar. */
  constructor(instrument: InstrumentSettings, interval: Interval, tally: Tally, quoteLifeMs: number) {
    this.#terms = barTerms(instrument, interval);
    this.#tally = tally;
    this.#quotes = new QuoteHistory(intervalMs(interval), quoteLifeMs);
  }

  /** How many trades were taken in, or wait to be: the others were dropped. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes a trade; returns the bars that it closes or corrects. */
  applyTrade(trade: Trade): EvidenceDraft[] {
    this.#now = Math.max(this.#now, trade.time);
    this.#hasNames = trade.name !== undefined;
    if (!trade.isMarketTrade) this.#tally.note('no-market-trade', `trade ${trade.tradeId} is a print that no market made`);
    if (this.#lastId === null) {
      this.#missing.add(0, trade.tradeId - 1);
      this.#taken++;
      this.#accept(trade);
    } else {
      this.#applyCounted(this.#ids.counted(trade), this.#lastId);
    }
    this.#giveUpOverdue();
    return this.#takeDrafts();
  }

  /** Takes the venue's clock, and the quote after a depth event, null if it told none; returns the bars that are over by it. */
  applyTime(eventTime: number, quote: Quote | null): EvidenceDraft[] {
    this.#now = Math.max(this.#now, eventTime);
    if (quote !== null) this.#quotes.note(eventTime, quote);
    this.#giveUpOverdue();
    const current = this.#current;
    if (
      current !== null &&
      this.#waiting.length === 0 &&
      this.#now > current.openMs + intervalMs(this.#terms.interval) + LATENESS_MS
    ) {
      this.#close(current);
    }
    return this.#takeDrafts();
  }

  /** Counts the trades that still wait as dropped: nothing more comes. */
  drop(): void {
    for (const _ of this.#waiting.splice(0)) this.#tally.noteFrame('trade', 'dropped');
  }

  #takeDrafts(): EvidenceDraft[] {
    const drafts = this.#drafts;
    if (drafts.length > 0) this.#drafts = [];
    return drafts;
  }

  #applyCounted(trade: Trade, lastId: number): void {
    if (trade.tradeId > lastId) {
      if (trade.tradeId > lastId + 1 && trade.time < this.#lastTime - MISSING_WAIT_MS)
        this.#note('too-late-trade', trade, 'is of before the ids began anew, or wrong');
      else this.#applyNew(trade, lastId);
    } else if (trade.time > this.#lastTime + MISSING_WAIT_MS || this.#ids.isOfAnother(trade)) {
      this.#beginAnew(trade);
    } else {
      this.#applyLate(trade);
    }
  }

  /** Goes on with a trade whose ids have nothing to do with those before: between them others may be missing. */
  #beginAnew(trade: Trade): void {
    this.#note(
      'trade-reset',
      trade,
      `comes after ${this.#ids.venueId(this.#lastId as number)}, at a later time: the ids begin anew`,
    );
    while (this.#waiting[0] !== undefined) this.#giveUp();
    const hole = (this.#lastId as number) + 1;
    this.#missing.add(hole, hole);
    this.#taken++;
    this.#accept(this.#ids.beginAnew(trade, hole + 1));
  }

  #applyNew(trade: Trade, lastId: number): void {
    if (trade.tradeId === lastId + 1) {
      this.#taken++;
      this.#accept(trade);
      this.#acceptWaiting();
      return;
    }
    let place = this.#waiting.length;
    while (place > 0 && (this.#waiting[place - 1]?.trade.tradeId ?? 0) > trade.tradeId) place--;
    const before = this.#waiting[place - 1]?.trade;
    if (before?.tradeId === trade.tradeId) {
      if (trade.time > before.time) this.#beginAnew(trade);
      else this.#noteDuplicate(trade);
      return;
    }
    if (this.#waiting.length === 0) this.#note('trade-gap', trade, `comes after ${this.#ids.venueId(lastId)}`);
    this.#taken++;
    this.#waiting.splice(place, 0, { trade, since: this.#now });
    if (this.#waiting.length > MAX_WAITING_TRADES) this.#giveUp();
  }

  /** Takes a trade whose predecessor is known, or given up. */
  #accept(trade: Trade): void {
    this.#lastId = trade.tradeId;
    this.#lastTime = trade.time;
    this.#ids.note(trade);
    const openMs = barOpenMs(trade.time, this.#terms.interval);
    if (this.#current !== null && openMs > this.#current.openMs) this.#close(this.#current);
    if (!trade.isMarketTrade) {
      this.#tally.noteFrame('trade', 'unused');
      if (this.#current !== null) this.#current.lastId = trade.tradeId;
      else this.#uncovered ??= trade.tradeId;
      return;
    }
    if (this.#current === null && openMs > this.#lastClosedOpenMs) {
      this.#tally.noteFrame('trade', 'used');
      this.#current = startBar(openMs, trade, this.#uncovered ?? trade.tradeId, this.#terms);
      this.#uncovered = null;
    } else if (this.#current !== null && openMs === this.#current.openMs) {
      this.#addTo(this.#current, trade);
    } else {
      this.#correct(openMs, trade);
    }
  }

  #addTo(bar: GrowingBar, trade: Trade): void {
    this.#trades ??= this.#tally.countsOf('trade');
    this.#trades.used++;
    addTrade(bar, trade, this.#terms);
  }

  /** Takes a trade with an id that others have overtaken. */
  #applyLate(trade: Trade): void {
    const known = this.#missing.noteLate(trade.tradeId);
    if (known !== 'missing' && trade.time > this.#lastTime) {
      this.#beginAnew(trade);
      return;
    }
    if (known === 'known') {
      this.#noteDuplicate(trade);
      return;
    }
    if (known === 'forgotten') {
      this.#note('too-late-trade', trade, 'is older than what is remembered');
      return;
    }
    this.#note('late-trade', trade, `comes after ${this.#ids.venueId(this.#lastId as number)}`);
    this.#ids.note(trade);
    this.#taken++;
    if (!trade.isMarketTrade) {
      this.#tally.noteFrame('trade', 'unused');
      return;
    }
    const openMs = barOpenMs(trade.time, this.#terms.interval);
    if (this.#current !== null && openMs >= this.#current.openMs) this.#addTo(this.#current, trade);
    else this.#correct(openMs, trade);
  }

  #acceptWaiting(): void {
    let next = 0;
    while (this.#waiting[next]?.trade.tradeId === (this.#lastId as number) + 1) {
      this.#accept((this.#waiting[next++] as { trade: Trade }).trade);
    }
    if (next > 0) this.#waiting.splice(0, next);
  }

  #giveUpOverdue(): void {
    while (this.#waiting[0] !== undefined && this.#now - this.#waiting[0].since > MISSING_WAIT_MS) this.#giveUp();
  }

  /** Goes on without the trades that are missing before those that wait. */
  #giveUp(): void {
    const first = (this.#waiting[0] as { trade: Trade }).trade.tradeId;
    this.#missing.add((this.#lastId as number) + 1, first - 1);
    this.#lastId = first - 1;
    this.#acceptWaiting();
  }

  #close(bar: GrowingBar): void {
    bar.quote = this.#quotes.atCloseOf(bar);
    this.#current = null;
    this.#lastClosedOpenMs = bar.openMs;
    this.#closed.push(bar);
    if (this.#closed.length > CORRECTABLE_BARS) this.#closed.shift();
    this.#drafts.push(barClosed(this.#record(bar)));
  }

  /** Corrects a closed bar, or one that was taken for quiet, by a trade of it that came late. */
  #correct(openMs: number, trade: Trade): void {
    const oldest = this.#closed[0];
    if (oldest === undefined || openMs < oldest.openMs) {
      this.#note('too-late-trade', trade, 'belongs to a bar that can no longer be corrected');
      return;
    }
    const index = this.#closed.findLastIndex((bar) => bar.openMs <= openMs);
    let bar = this.#closed[index] as GrowingBar;
    if (bar.openMs === openMs) {
      this.#addTo(bar, trade);
    } else {
      this.#tally.noteFrame('trade', 'used');
      bar = startBar(openMs, trade, trade.tradeId, this.#terms);
      bar.quote = this.#quotes.atCloseOf(bar);
      this.#closed.splice(index + 1, 0, bar);
      if (this.#closed.length > CORRECTABLE_BARS) this.#closed.shift();
    }
    this.#drafts.push(barCorrected(this.#record(bar), trade.name ?? this.#ids.venueId(trade.tradeId)));
  }

  #record(bar: GrowingBar) {
    const { firstId, lastId } = bar;
    const isComplete = this.#missing.noneAround(firstId, lastId);
    const venueIds = { firstId: this.#ids.venueId(firstId), lastId: this.#ids.venueId(lastId) };
    const recorded = recordBar({ ...bar, ...venueIds }, this.#terms, isComplete);
    return this.#hasNames ? { ...recorded, firstTradeId: null, lastTradeId: null, complete: false } : recorded;
  }

  #note(reason: TallyReason, trade: Trade, detail: string): void {
    this.#tally.note(reason, `trade ${this.#ids.venueIdOf(trade)} ${detail}`);
  }

  #noteDuplicate(trade: Trade): void {
    this.#note('duplicate-trade', trade, 'came before');
  }
}
