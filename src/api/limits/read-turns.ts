/**
 * Turns of reads: a read begins when its answer can be made without keeping others waiting, and when there is room for it.
 * A page of a thousand rows takes a tenth of a second of the one thread that answers everybody, and a megabyte until its
 * client has taken it. So few rows are in the making at once, in turn by key; between two turns the event loop goes round,
 * and whatever takes no turn (probes, halts, changes) goes before the next read.
 */

import type { Time, Timer } from '../../ports/clock.ts';
import { Problem } from '../http/problem.ts';
import { Budget } from './budget.ts';

/** Rows whose answers may be in the making at once, shared out by key. */
const MAX_ROWS = 2_000;
/** What a read costs besides its rows, in rows. */
const ROWS_OF_READ = 10;
/** Answers that are made and not yet taken, in bytes, shared out by key; a key is beyond its share by no more than it has in the making. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** Smaller answers are bounded by their number. */
const SMALL_BYTES = 16 * 1024;
/** So long reads may begin as they come, until the event loop goes round. */
const TURN_MS = 10;
/** So long a read may wait for its turn. */
const MAX_WAIT_MS = 10_000;

/** Whose share it is where there are no keys: no key has this name. */
const EVERYBODY = '';

interface Waiting {
  readonly cost: number;
  readonly begin: () => void;
}

/** Which reads begin, and when. */
export class ReadTurns {
  readonly time: Time;
  readonly #making = new Budget(MAX_ROWS);
  readonly #answers = new Budget(MAX_ANSWER_BYTES);
  /** By key, in order of their turns. */
  readonly #waiting = new Map<string, Set<Waiting>>();
  /** On the monotonic clock; undefined until something begins in this turn. */
  #turnEnd: number | undefined;
  #isNextAsked = false;

  constructor(time: Time) {
    this.time = time;
  }

  /** Bytes of answers that are made and not yet taken. */
  get answerBytes(): number {
    return this.#answers.inHand;
  }

  /** Of a request of the key `holder`; null where there are no keys. */
  reading(holder: string | null): Reading {
    return new Reading(this, holder ?? EVERYBODY);
  }

  /** Takes `cost`, if a read of `holder` may begin now. */
  mayBegin(holder: string, cost: number): boolean {
    if (this.#waiting.has(holder) || this.#making.isUsedUp(holder) || this.#answers.isUsedUp(holder)) return false;
    if (!this.#hasTimeLeft()) return false;
    this.#making.take(holder, cost);
    return true;
  }

  /** `begin` is called, and the cost taken, when it is its turn; not after the function that is returned was. */
  wait(holder: string, waiting: Waiting): () => void {
    const before = this.#waiting.get(holder);
    if (before === undefined) this.#waiting.set(holder, new Set([waiting]));
    else before.add(waiting);
    this.#askNext();
    return () => this.#remove(holder, waiting);
  }

  /** Its answer is made, with so many bytes. */
  made(holder: string, cost: number, bytes: number): void {
    this.#making.giveBack(holder, cost);
    this.#answers.take(holder, bytes);
    if (this.#waiting.size > 0) this.#askNext();
  }

  /** Its answer was taken, or its client is gone. */
  taken(holder: string, bytes: number): void {
    this.#answers.giveBack(holder, bytes);
    if (this.#waiting.size > 0) this.#askNext();
  }

  #hasTimeLeft(): boolean {
    const now = this.time.monotonic();
    if (this.#turnEnd === undefined) {
      this.#turnEnd = now + TURN_MS;
      this.#askNext();
    }
    return now < this.#turnEnd;
  }

  #askNext(): void {
    if (this.#isNextAsked) return;
    this.#isNextAsked = true;
    void this.time.nextLoop().then(() => {
      this.#isNextAsked = false;
      this.#turnEnd = undefined;
      this.#beginWaiting();
    });
  }

  /** What begins here runs after it. A key that had its turn comes again behind the others, in this very loop over them. */
  #beginWaiting(): void {
    for (const [holder, reads] of this.#waiting) {
      if (this.#making.isUsedUp(holder) || this.#answers.isUsedUp(holder)) continue;
      const [next] = reads;
      if (next === undefined) continue;
      this.#remove(holder, next);
      if (reads.size > 0) {
        this.#waiting.delete(holder);
        this.#waiting.set(holder, reads);
      }
      this.#making.take(holder, next.cost);
      next.begin();
    }
  }

  #remove(holder: string, waiting: Waiting): void {
    const reads = this.#waiting.get(holder);
    reads?.delete(waiting);
    if (reads?.size === 0) this.#waiting.delete(holder);
  }
}

/** The read of one request: it waits for its turn, is made, and is over when its client has the answer or is gone. */
export class Reading {
  readonly #turns: ReadTurns;
  readonly #holder: string;
  /** While it is in the making. */
  #cost = 0;
  /** Of its answer. */
  #bytes = 0;
  #isOver = false;
  #giveUp: ((why: string) => void) | undefined;

  constructor(turns: ReadTurns, holder: string) {
    this.#turns = turns;
    this.#holder = holder;
  }

  /**
   * To be called once, before so many rows are read. Undefined: now, as most can; a promise would cost more than the
   * check. Rejects with a 503 problem when its turn does not come.
   */
  begin(rows: number): Promise<void> | undefined {
    const cost = rows + ROWS_OF_READ;
    if (this.#turns.mayBegin(this.#holder, cost)) {
      this.#cost = cost;
      return undefined;
    }
    return this.#wait(cost);
  }

  /** The answer is made; an answer to which no read has begun is small. */
  made(payload: unknown): void {
    if (this.#cost === 0) return;
    const size = typeof payload === 'string' || payload instanceof Uint8Array ? Buffer.byteLength(payload) : 0;
    // What nobody takes any more is not kept.
    this.#bytes = this.#isOver || size < SMALL_BYTES ? 0 : size;
    this.#turns.made(this.#holder, this.#cost, this.#bytes);
    this.#cost = 0;
  }

  /** The client has the answer, or is gone. */
  end(): void {
    this.#isOver = true;
    this.#giveUp?.('a client that is gone');
    if (this.#bytes === 0) return;
    this.#turns.taken(this.#holder, this.#bytes);
    this.#bytes = 0;
  }

  #wait(cost: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let timer: Timer | undefined;
    const begin = (): void => {
      this.#giveUp = undefined;
      timer?.cancel();
      this.#cost = cost;
      resolve();
    };
    const forget = this.#turns.wait(this.#holder, { cost, begin });
    this.#giveUp = (why) => {
      this.#giveUp = undefined;
      timer?.cancel();
      forget();
      reject(busy(why));
    };
    timer = this.#turns.time.after(MAX_WAIT_MS, () => this.#giveUp?.('other reads, and answers that nobody has taken yet'));
    return promise;
  }
}

/** 503: there is too much in hand. */
export function busy(why: string): Problem {
  return new Problem(503, 'busy', `The server is busy with ${why}: try again in a moment.`);
}
