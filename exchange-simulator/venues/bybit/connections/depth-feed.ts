import type { Clock } from '../../../core/clock.ts';
import type { Market } from '../../../market/market.ts';
import type { Level } from '../../../market/market-event.ts';

/** A book as a feed has published it last. */
export interface PublishedBook {
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
  /** Counts the feed's own messages; 1 where it began again. */
  readonly u: number;
  /** The book's own count: the same for all depths. */
  readonly seq: number;
  /** When the matching engine made it. */
  readonly cts: number;
}

/** Changed levels, or the whole book. */
export interface DepthMessage extends PublishedBook {
  readonly type: 'snapshot' | 'delta';
}

/** The best levels of a market by depth, and how often they are sent. */
export interface DepthSettings {
  readonly levels: number;
  readonly paceMs: number;
  /** Level 1 sends no deltas; the full book sends nothing else. */
  readonly sends: 'snapshots' | 'deltas' | 'both';
  readonly firstUpdate: number;
}

/** One depth of one market, with update ids of its own that rise by 1. */
export class DepthFeed {
  readonly market: Market;
  readonly #clock: Clock;
  readonly #settings: DepthSettings;
  readonly #send: (message: DepthMessage) => void;
  #published: PublishedBook;
  #sentAt: number;
  #isWaiting = false;

  constructor(market: Market, clock: Clock, settings: DepthSettings, send: (message: DepthMessage) => void) {
    this.market = market;
    this.#clock = clock;
    this.#settings = settings;
    this.#send = send;
    this.#sentAt = clock.now();
    this.#published = this.#book(settings.firstUpdate);
  }

  get published(): PublishedBook {
    return this.#published;
  }

  /** What a new subscriber gets first; nothing where the feed sends deltas alone. */
  first(): DepthMessage | undefined {
    return this.#settings.sends === 'deltas' ? undefined : { ...this.#published, type: 'snapshot' };
  }

  /** The market's book has changed: the change is sent now, or when the feed's pace allows. */
  changed(): void {
    if (this.#isWaiting) return;
    const wait = this.#sentAt + this.#settings.paceMs - this.#clock.now();
    if (wait <= 0) {
      this.#publish();
      return;
    }
    this.#isWaiting = true;
    this.#clock.after(wait, () => {
      this.#isWaiting = false;
      this.#publish();
    });
  }

  /** Ids begin again at 1. `isEmpty`: the book has no level until it changes. */
  reset(isEmpty: boolean): void {
    const whole = this.#book(1);
    this.#published = isEmpty ? { ...whole, bids: [], asks: [] } : whole;
    this.#sentAt = this.#clock.now();
    if (this.#settings.sends === 'deltas') this.#send({ ...this.#published, bids: [], asks: [], type: 'delta' });
    else this.#send({ ...this.#published, type: 'snapshot' });
  }

  /** Sends the same book again where it has not changed for a while. */
  repeat(afterMs: number): void {
    if (this.#settings.sends !== 'snapshots' || this.#clock.now() - this.#sentAt < afterMs) return;
    this.#sentAt = this.#clock.now();
    this.#send({ ...this.#published, type: 'snapshot' });
  }

  #book(u: number): PublishedBook {
    const { book } = this.market;
    const { levels } = this.#settings;
    return { bids: book.top('buy', levels), asks: book.top('sell', levels), u, seq: book.lastId, cts: this.#clock.now() };
  }

  #publish(): void {
    const before = this.#published;
    const now = this.#book(before.u + 1);
    const [bids, asks] = [changes(before.bids, now.bids), changes(before.asks, now.asks)];
    if (bids.length + asks.length === 0) return;
    this.#published = now;
    this.#sentAt = this.#clock.now();
    if (this.#settings.sends === 'snapshots') this.#send({ ...now, type: 'snapshot' });
    else this.#send({ ...now, bids, asks, type: 'delta' });
  }
}

/** From one list of levels to another: quantities that differ, and 0 for those that are gone or lie too deep now. */
function changes(before: readonly Level[], now: readonly Level[]): Level[] {
  const left = new Map(before);
  const found: Level[] = [];
  for (const [price, quantity] of now) {
    if (left.get(price) !== quantity) found.push([price, quantity]);
    left.delete(price);
  }
  return [...[...left.keys()].map((price): Level => [price, 0n]), ...found];
}
