import { setTimeout as pause } from 'node:timers/promises';
import type { Account } from '../accounts/account.ts';
import type { Venue } from '../core/venue.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { type BookState, bookState } from '../exchange/state.ts';
import type { Book } from '../market/book.ts';
import type { Market } from '../market/market.ts';
import { type Listening, listen } from '../server.ts';

export const KEY = 'simulator-key';
export const SECRET = 'simulator-secret';

/** A venue that runs, whichever it is. */
export interface Running {
  readonly exchange: Exchange;
  readonly venue: Venue;
  stop(): void;
}

/** A venue behind a real socket, on any free port of loopback. */
export class Simulated {
  readonly running: Running;
  readonly #listening: Listening;

  private constructor(running: Running, listening: Listening) {
    this.running = running;
    this.#listening = listening;
  }

  static async serve(running: Running): Promise<Simulated> {
    return new Simulated(running, await listen(running.venue, 0));
  }

  get address(): string {
    return `127.0.0.1:${this.#listening.port}`;
  }

  get market(): Market {
    return this.running.exchange.markets.get('BTCUSDT') as Market;
  }

  /** The account of `KEY`. */
  get account(): Account {
    return this.running.exchange.accounts[0] as Account;
  }

  async stop(): Promise<void> {
    this.running.stop();
    await this.#listening.close();
  }
}

/** Waits until `isTrue`; rejects after ten seconds. */
export async function until(what: string, isTrue: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!isTrue()) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ten seconds`);
    await pause(10);
  }
}

/** The `count` best levels of both sides as numbers, for clients that count in them. */
export function touch(book: Book | undefined, count: number): { bids: number[][]; asks: number[][] } {
  if (book === undefined) throw new Error('The simulator knows no book of this id');
  const { bids, asks }: BookState = bookState(book);
  const numbers = (levels: BookState['bids']): number[][] =>
    levels.slice(0, count).map(([price, quantity]) => [Number(price), Number(quantity)]);
  return { bids: numbers(bids), asks: numbers(asks) };
}
