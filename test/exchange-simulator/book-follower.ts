import { parseAmount } from '../../exchange-simulator/core/amount.ts';
import { NoAnswer } from '../../exchange-simulator/core/venue.ts';
import { bookState } from '../../exchange-simulator/exchange/state.ts';
import { Book } from '../../exchange-simulator/market/book.ts';
import type { Level } from '../../exchange-simulator/market/market-event.ts';
import { bodyOf, Client, type GivenMarket, type RunningVenue } from './given.ts';

type Raw = readonly [string, string][];

/** An update of the book; `pu` is of futures alone. */
export interface Update {
  readonly U: number;
  readonly u: number;
  readonly pu: number;
  readonly b: Raw;
  readonly a: Raw;
}

/** How the documents of one of Binance's markets say that a book is followed. */
export interface BookRules {
  readonly target: string;
  readonly snapshot: readonly [path: string, query: string];
  /** Where an update stands to a book; `isFirst`: none was put on the snapshot yet. */
  place(update: Update, lastId: number, isFirst: boolean): 'old' | 'next' | 'gap';
}

/** Follows a book by the documented procedure, as plainly as can be, and begins again whenever it must. */
export class BookFollower {
  readonly #given: GivenMarket<RunningVenue>;
  readonly #rules: BookRules;
  #client: Client | undefined;
  #book: Book | undefined;
  #isFirst = true;
  resyncs = 0;

  constructor(given: GivenMarket<RunningVenue>, rules: BookRules) {
    this.#given = given;
    this.#rules = rules;
  }

  async step(): Promise<void> {
    if (this.#client?.isOpen !== true) {
      this.#client = new Client(this.#given.running.venue, this.#rules.target);
      this.#book = undefined;
    }
    if (this.#book === undefined) return this.#begin(this.#client);
    for (const update of this.#client.frames.splice(0) as unknown as Update[]) {
      const place = this.#rules.place(update, this.#book.lastId, this.#isFirst);
      if (place === 'old') continue;
      if (place === 'gap') {
        this.#book = undefined;
        return;
      }
      this.#isFirst = false;
      this.#book.change(read(update.b), read(update.a), update.u);
    }
  }

  get state(): string {
    return this.#book === undefined ? '' : JSON.stringify(bookState(this.#book));
  }

  async #begin(client: Client): Promise<void> {
    const first = client.frames[0]?.U as number | undefined;
    if (first === undefined) return;
    try {
      const answer = await this.#given.get(...this.#rules.snapshot);
      if (answer.status !== 200) return;
      const { lastUpdateId, bids, asks } = bodyOf(answer) as { lastUpdateId: number; bids: Raw; asks: Raw };
      if (lastUpdateId < first - 1) return;
      this.resyncs += 1;
      this.#isFirst = true;
      this.#book = new Book();
      this.#book.replace(read(bids), read(asks), lastUpdateId);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
    }
  }
}

function read(raw: Raw): Level[] {
  return raw.map(([price, quantity]) => [parseAmount(price) ?? 0n, parseAmount(quantity) ?? 0n]);
}
