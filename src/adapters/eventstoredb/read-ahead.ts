/**
 * Pages that are read ahead: where one page goes on where another ended, those behind it are asked for at once, several in
 * one answer, and come while the last are worked on. A page that is full stays what it is. One that is not may have grown
 * since it was asked for, and is read again.
 */

import type { Time } from '../../ports/clock.ts';
import type { ReadBack } from './events.ts';
import { weightOf } from './weight.ts';

/** Pages that are asked for at once. */
const PAGES_AHEAD = 4;
/** Readings of which pages are kept, and ends of pages that are remembered. */
export const MAX_READINGS = 8;
const MAX_ENDS = 64;
/** Behind a page that takes more in memory nothing is read ahead, bytes. */
const MAX_WEIGHT = 1_000_000;
/** Pages that nobody has asked for by then are let go. */
const KEPT_MS = 5_000;

/** The events of one answer of the server. */
export interface Page {
  readonly events: readonly ReadBack[];
  /** There were as many as were asked for: there may be more. */
  readonly isFull: boolean;
}

/** One page of the tape. */
export interface PageRead {
  /** The same for the same page. */
  readonly key: string;
  /** Events of a full page, but for the one that it goes on behind. */
  readonly size: number;
  readonly read: () => Promise<Page>;
  /** As many events of this page and of those behind it, but for the one that it goes on behind. */
  readonly readMany: (count: number) => Promise<readonly ReadBack[]>;
  /** The page behind these events; undefined where there can be none. */
  readonly next: (events: readonly ReadBack[]) => PageRead | undefined;
}

interface Ahead {
  readonly events: Promise<readonly ReadBack[]>;
  /** Nobody has taken a page of them. */
  readonly isWhole: boolean;
}

export class ReadAhead {
  readonly #time: Time;
  /** By key of the next page, the oldest first. */
  readonly #ahead = new Map<string, Ahead>();
  /** Keys of pages with which a reading would go on. */
  readonly #ends = new Set<string>();

  constructor(time: Time) {
    this.#time = time;
  }

  async page(wanted: PageRead): Promise<Page> {
    const { key, size } = wanted;
    const ahead = this.#ahead.get(key);
    this.#ahead.delete(key);
    const goesOn = this.#ends.delete(key) || ahead !== undefined;
    const events = (await ahead?.events) ?? [];
    const page = events.length < size ? await wanted.read() : { events: events.slice(0, size), isFull: true };
    const next = page.isFull ? wanted.next(page.events) : undefined;
    if (next === undefined) return page;
    const rest = events.slice(size);
    if (rest.length >= size) this.#keep(next.key, { events: Promise.resolve(rest), isWhole: false });
    if (!goesOn || !isLight(page)) this.#rememberEnd(next.key);
    else if (events.length < size) this.#readAhead(next);
    else if (ahead?.isWhole && events.length === PAGES_AHEAD * size) this.#readAhead(wanted.next(events));
    return page;
  }

  #readAhead(next: PageRead | undefined): void {
    if (next === undefined || this.#ahead.has(next.key)) return;
    this.#keep(next.key, { events: next.readMany(PAGES_AHEAD * next.size), isWhole: true });
  }

  #keep(key: string, ahead: Ahead): void {
    this.#ahead.set(key, ahead);
    const drop = (): void => {
      if (this.#ahead.get(key) === ahead) this.#ahead.delete(key);
    };
    // Whoever waits for them by then is told of the failure; whoever comes later reads them by himself.
    ahead.events.catch(drop);
    this.#time.after(KEPT_MS, drop, { isAwaited: false });
    const [oldest] = this.#ahead.keys();
    // Of each reading there are pages that have come and pages that are on their way.
    if (oldest !== undefined && this.#ahead.size > 2 * MAX_READINGS) this.#ahead.delete(oldest);
  }

  #rememberEnd(key: string): void {
    this.#ends.add(key);
    const [oldest] = this.#ends;
    if (oldest !== undefined && this.#ends.size > MAX_ENDS) this.#ends.delete(oldest);
  }
}

function isLight({ events }: Page): boolean {
  let weight = 0;
  for (const { stored } of events) {
    weight += weightOf(stored);
    if (weight > MAX_WEIGHT) return false;
  }
  return true;
}
