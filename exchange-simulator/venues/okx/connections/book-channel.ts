import type { Amount } from '../../../core/amount.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import type { Market } from '../../../market/market.ts';
import type { Level, Side } from '../../../market/market-event.ts';
import { levelsAsText } from '../formats.ts';
import { checksum } from './checksum.ts';

/** How many levels a side of the channel has. What leaves them is deleted, and what comes back is sent again. */
const DEPTH = 400;

/** After so long without a change one comes that changes nothing. */
const QUIET_MS = 60_000;

type Payload = Readonly<Record<string, unknown>>;

/** The `books` channel of one instrument: the same messages for all connections, each following on the one before. */
export class BookChannel {
  readonly #exchange: Exchange;
  readonly #market: Market;
  /** What those who follow the channel have by now. Undefined while nobody follows. */
  #sent: Record<Side, Map<Amount, Amount>> | undefined;
  #lastId = 0;
  #sentAt = 0;

  constructor(exchange: Exchange, market: Market) {
    this.#exchange = exchange;
    this.#market = market;
  }

  /** Nobody follows any more. */
  drop(): void {
    this.#sent = undefined;
  }

  /** Begins the channel where nobody followed it. */
  follow(): void {
    if (this.#sent !== undefined) return;
    this.#sent = { buy: new Map(this.#top('buy')), sell: new Map(this.#top('sell')) };
    this.#lastId = this.#market.book.lastId;
    this.#sentAt = this.#exchange.clock.now();
  }

  snapshot(): Payload {
    return this.#payload(this.#top('buy'), this.#top('sell'), -1);
  }

  /** The book has changed: what is to be sent of it. Nothing where the channel's levels are the same, and its ids go on. */
  update(): Payload | undefined {
    if (this.#sent === undefined) return undefined;
    const [bids, asks] = [this.#changed('buy', this.#sent.buy), this.#changed('sell', this.#sent.sell)];
    const { lastId } = this.#market.book;
    if (bids.length + asks.length === 0 && lastId >= this.#lastId) return undefined;
    return this.#next(bids, asks, lastId);
  }

  /** Sent after a minute without a change: its id is that of the message before. */
  quiet(): Payload | undefined {
    if (this.#sent === undefined || this.#exchange.clock.now() - this.#sentAt < QUIET_MS) return undefined;
    return this.#next([], [], this.#lastId);
  }

  #next(bids: readonly Level[], asks: readonly Level[], lastId: number): Payload {
    const previousId = this.#lastId;
    this.#lastId = lastId;
    this.#sentAt = this.#exchange.clock.now();
    return this.#payload(bids, asks, previousId);
  }

  /** Brings what was sent up to the book as it is, and gives the difference. */
  #changed(side: Side, sent: Map<Amount, Amount>): Level[] {
    const now = new Map(this.#top(side));
    const changed: Level[] = [...sent.keys()].filter((price) => !now.has(price)).map((price) => [price, 0n]);
    for (const [price] of changed) sent.delete(price);
    for (const [price, size] of now) {
      if (sent.get(price) === size) continue;
      sent.set(price, size);
      changed.push([price, size]);
    }
    return changed;
  }

  #payload(bids: readonly Level[], asks: readonly Level[], prevSeqId: number): Payload {
    const ts = String(this.#exchange.now());
    return {
      asks: levelsAsText(asks),
      bids: levelsAsText(bids),
      ts,
      checksum: this.#checksum(),
      seqId: this.#lastId,
      prevSeqId,
    };
  }

  /** Always 0 since 2026-06, unless a fault asks for one. */
  #checksum(): number {
    const kind = this.#exchange.faults.checksums;
    if (kind === 'none') return 0;
    const right = checksum(levelsAsText(this.#market.book.top('buy', 25)), levelsAsText(this.#market.book.top('sell', 25)));
    return kind === 'right' ? right : right ^ 1;
  }

  #top(side: Side): Level[] {
    return this.#market.book.top(side, DEPTH);
  }
}
