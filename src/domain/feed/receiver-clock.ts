/**
 * How a receiver's clock stands to the venue's. A frame's delay is its receive time less its event time: how far the
 * two clocks are apart, and how late the frame came. Lateness only ever adds, so a low delay tells how far the clocks
 * are apart, and no late frame does.
 *
 * A clock that was set, or another receiver, shows in many frames in a row that agree on another delay.
 *
 * The receive times of one receiver rise. Where they go back another receiver takes its turn, whose clock is behind. Where
 * the first takes its turn again they go forward by as much, and that is no time that passed.
 */

/** How far an event may lie ahead of the receiver's clock, beyond what the clocks are apart. */
export const AHEAD_MS = 2_000;
/** How far a receiver's clock may be behind the venue's. */
const MAX_BEHIND_MS = 60_000;
/** Seconds that are looked back on, by their least delays. */
const WINDOW = 64;
/** Of the least delays in the window the lowest eighth may be wrong. */
const QUANTILE = 8;
/** Delays that differ by no more agree. */
const AGREE_MS = 1_000;
/** Frames ahead that agree, in a row: then the receiver's clock is another. */
export const AGREEING_AHEAD = 32;
/** Frames late that agree, in a row, and for how long: a burst is shorter. */
const AGREEING_LATE = 256;
const AGREEING_LATE_MS = 60_000;
/** Receive times that go back by less are the disorder of one receiver. */
const TURN_MS = 100;
/** Most turns that are remembered. */
const MAX_TURNS = 8;
/** A turn is taken back by a step forward that goes beyond the events' times by at least so much of it. */
const TAKEN_BACK = 0.75;

/**
 * `in-step`: its time can be. `ahead`: it lies ahead, and may yet be shown to be right. `impossible`: further ahead than
 * any clock. `set`: it lies ahead, and so many agree with it that the clock was set.
 */
export type ClockVerdict = 'in-step' | 'ahead' | 'impossible' | 'set';

export class ReceiverClock {
  /** The least delay of each of the latest seconds of receive time, oldest first. */
  readonly #delays: number[] = [];
  /** The same, least first. */
  readonly #sorted: number[] = [];
  #second = 0;
  #leastOfSecond = 0;
  /** What the two clocks are apart. */
  #offset = -MAX_BEHIND_MS;
  #hasBegun = false;
  /** The frames ahead in a row that agree: how many, the delay of the first and the least, and how many spoke against them. */
  #ahead = { count: 0, first: 0, least: 0, against: 0 };
  #inStepSinceAhead = 0;
  #late = { count: 0, first: 0, least: 0, since: 0 };
  /** By how much receive times went back, and have not yet gone forward again. */
  readonly #turns: number[] = [];
  /** Receive time of the latest frame. */
  #receivedAt = Number.NEGATIVE_INFINITY;
  /** The delay of the latest frame that told a time, by the clock of the latest frame. */
  #delay = 0;

  /** How many of the latest frames ahead agree; those before them are not borne out. */
  get aheadInARow(): number {
    return this.#ahead.count;
  }

  /** Judges a frame by its receive time and its event time, epoch ms. */
  judge(receivedAt: number, time: number): ClockVerdict {
    const delay = receivedAt - time;
    if (delay < this.#offset - AHEAD_MS) return this.#judgeAhead(receivedAt, delay);
    if (this.#ahead.count > 0 && ++this.#inStepSinceAhead > AGREEING_AHEAD) this.#ahead.count = 0;
    if (this.#hasBegun && delay > this.#offset + AHEAD_MS) {
      this.#noteLate(receivedAt, delay);
      return 'in-step';
    }
    this.#late.count = 0;
    if (this.#hasBegun) this.#noteDelay(receivedAt, delay);
    else this.#begin(receivedAt, delay);
    return 'in-step';
  }

  /** How long after the frame before it a frame came, ms, whoever received them. `time` is null where it tells none. */
  elapsed(receivedAt: number, time: number | null): number {
    const step = receivedAt - this.#receivedAt;
    // By how much the delay grew tells a step of the clock from frames that are out of order.
    const grown = time === null ? step : receivedAt - time - this.#delay;
    this.#receivedAt = receivedAt;
    const turn = step <= -TURN_MS ? this.#noteTurn(grown) : this.#takeBack(Math.min(step, grown));
    this.#delay = time === null ? this.#delay + turn : receivedAt - time;
    return step - turn;
  }

  /** Notes by how much the delay fell with a step back, if it is a turn. */
  #noteTurn(turn: number): number {
    if (turn > -TURN_MS) return 0;
    this.#turns.push(-turn);
    if (this.#turns.length > MAX_TURNS) this.#turns.shift();
    return turn;
  }

  /** The greatest turn that a step forward takes back, which goes so far beyond the time that passed; 0 if none. */
  #takeBack(excess: number): number {
    if (this.#turns.length === 0) return 0;
    const most = Math.max(0, ...this.#turns.filter((turn) => turn * TAKEN_BACK <= excess));
    if (most === 0) return 0;
    this.#turns.splice(this.#turns.lastIndexOf(most), 1);
    return Math.min(most, excess);
  }

  #judgeAhead(receivedAt: number, delay: number): ClockVerdict {
    if (delay < -MAX_BEHIND_MS - AHEAD_MS) return 'impossible';
    const run = this.#ahead;
    this.#inStepSinceAhead = 0;
    if (run.count > 0 && Math.abs(delay - run.first) > AGREE_MS && ++run.against < run.count) return 'impossible';
    if (run.count === 0 || Math.abs(delay - run.first) > AGREE_MS) {
      this.#ahead = { count: 1, first: delay, least: delay, against: 0 };
      return 'ahead';
    }
    run.count++;
    run.least = Math.min(run.least, delay);
    if (run.count < AGREEING_AHEAD) return 'ahead';
    this.#begin(receivedAt, run.least);
    return 'set';
  }

  /** A late frame is in step, and tells nothing of the clocks, unless all are late by the same for a long time. */
  #noteLate(receivedAt: number, delay: number): void {
    const run = this.#late;
    if (run.count === 0 || Math.abs(delay - run.first) > AGREE_MS) {
      this.#late = { count: 1, first: delay, least: delay, since: receivedAt };
      return;
    }
    run.count++;
    run.least = Math.min(run.least, delay);
    if (run.count >= AGREEING_LATE && receivedAt - run.since >= AGREEING_LATE_MS) this.#begin(receivedAt, run.least);
  }

  #begin(receivedAt: number, delay: number): void {
    this.#hasBegun = true;
    this.#delays.length = 0;
    this.#sorted.length = 0;
    this.#second = Math.floor(receivedAt / 1_000);
    this.#leastOfSecond = delay;
    this.#offset = delay;
    this.#ahead.count = 0;
    this.#late.count = 0;
  }

  #noteDelay(receivedAt: number, delay: number): void {
    const second = Math.floor(receivedAt / 1_000);
    if (second === this.#second) {
      if (delay >= this.#leastOfSecond) return;
      this.#leastOfSecond = delay;
      if (this.#delays.length === 0) this.#offset = delay;
      return;
    }
    this.#look(this.#leastOfSecond);
    this.#second = second;
    this.#leastOfSecond = delay;
    this.#offset = this.#sorted[Math.floor(this.#sorted.length / QUANTILE)] as number;
  }

  /** Takes the least delay of a second into the window. */
  #look(least: number): void {
    const sorted = this.#sorted;
    if (this.#delays.length === WINDOW) sorted.splice(sorted.indexOf(this.#delays.shift() as number), 1);
    this.#delays.push(least);
    let place = sorted.length;
    while (place > 0 && (sorted[place - 1] as number) > least) place--;
    sorted.splice(place, 0, least);
  }
}
