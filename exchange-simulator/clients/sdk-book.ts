import assert from 'node:assert/strict';
import { amount } from '../core/amount.ts';
import { Book } from '../market/book.ts';
import { type Simulated, touch, until } from './simulated.ts';

type Raw = [string, string][];

/** An update as the clients of Binance itself hand it on. Numbers may be bigints. */
export interface Depth {
  readonly U: number;
  readonly u: number;
  readonly pu: number;
  readonly b: Raw;
  readonly a: Raw;
}

export interface Snapshot {
  readonly lastUpdateId: number;
  readonly bids: Raw;
  readonly asks: Raw;
}

/** How a client of Binance itself gives the book of one market. */
export interface Source {
  /** Ends with the function that it resolves to. */
  listen(hear: (update: Depth) => void): Promise<() => Promise<unknown>>;
  snapshot(): Promise<Snapshot>;
  /** The last id before an update. */
  before(update: Depth): number;
  /** How many levels a side the snapshot surely knows. */
  readonly levels: number;
}

const levels = (raw: Raw) => raw.map(([price, quantity]) => [amount(price), amount(quantity)] as const);

/** Frames and snapshots of a client make the simulator's book, through a gap and a cut. */
export async function checkBookOf(simulated: Simulated, source: Source): Promise<void> {
  const events: Depth[] = [];
  const stop = await source.listen((update) => void events.push(update));
  const { faults } = simulated.running.exchange;
  for (const fault of [undefined, { kind: 'gap', frames: 2, on: 'public' }, { kind: 'cut', on: 'public' }] as const) {
    if (fault !== undefined) faults.inject(fault);
    await until('frames', () => events.length > 12);
    const snapshot = await source.snapshot();
    await until('frames after the snapshot', () => (events.at(-1)?.u ?? 0) > snapshot.lastUpdateId + 100);
    const book = new Book();
    book.replace(levels(snapshot.bids), levels(snapshot.asks), Number(snapshot.lastUpdateId));
    const later = events.splice(0).filter((event) => event.u > book.lastId);
    let [gaps, followed] = [0, 0];
    for (const event of later) {
      if (source.before(event) > book.lastId) gaps += 1;
      book.change(levels(event.b), levels(event.a), Number(event.u));
      followed += 1;
    }
    assert.ok(followed > 0);
    assert.equal(gaps, 0, 'a gap that was asked for lies before the snapshot');
    assert.deepEqual(touch(book, source.levels), touch(simulated.market.bookAt(book.lastId), source.levels));
  }
  await stop();
}
