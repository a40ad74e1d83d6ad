import type { Clock } from '../core/clock.ts';
import type { Market } from './market.ts';
import type { MarketEvent } from './market-event.ts';
import { type Chance, walk } from './walk.ts';

/** Lets a market live through a recording at the pace of its times, and then through a made-up walk without end. */
export class Playback {
  readonly #clock: Clock;
  readonly #market: Market;
  readonly #events: Iterator<MarketEvent>;
  readonly #chance: Chance;
  /** From recorded time to the clock's. */
  readonly #shift: number;
  #walk: Generator<MarketEvent> | undefined;
  #next: MarketEvent | undefined;
  #cancel = (): void => {};

  /** The first event happens now, and must be a snapshot: throws an Error else. The others are read as time goes on. */
  constructor(clock: Clock, market: Market, first: MarketEvent, others: Iterator<MarketEvent>, chance: Chance) {
    this.#clock = clock;
    this.#market = market;
    this.#events = others;
    this.#chance = chance;
    if (first.kind !== 'snapshot') throw new Error('A recording begins with a snapshot of the book');
    this.#shift = clock.now() - first.at;
    market.apply({ ...first, at: clock.now() });
  }

  start(): void {
    this.#next = this.#read();
    this.#wait();
  }

  stop(): void {
    this.#cancel();
  }

  #read(): MarketEvent {
    if (this.#walk === undefined) {
      const result = this.#events.next();
      if (result.done !== true) return { ...result.value, at: result.value.at + this.#shift };
      this.#walk = walk(this.#market, this.#clock.now(), this.#chance);
    }
    return this.#walk.next().value as MarketEvent;
  }

  #wait(): void {
    const next = this.#next as MarketEvent;
    this.#cancel = this.#clock.after(Math.max(0, next.at - this.#clock.now()), () => this.#play());
  }

  /** What is due now, in one go: a recording has several events a millisecond. */
  #play(): void {
    const now = this.#clock.now();
    for (let next = this.#next; next !== undefined && next.at <= now; next = this.#next) {
      this.#market.apply(next);
      this.#next = this.#read();
    }
    this.#wait();
  }
}
