/**
 * Text on its way to a file, a pipe or a terminal. Who writes never waits and never fails: a disk may be full, and nobody
 * may read a pipe. What cannot be written yet waits in memory, up to a limit; what is beyond it is dropped and counted.
 */

import { fstatSync, write, writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import type { Time } from './ports/clock.ts';
import { within } from './waiting.ts';

/** Most characters that wait: more than one turn of the event loop writes, as nothing is written before its end. */
const MOST_WAITING = 4_194_304;
/** Most bytes that are written at once to a plain file. It takes what waits as a whole, however long a turn was. */
const FILE_CHUNK = 1_048_576;
/** Most bytes that are written at once to anything else: a pipe takes so many as a whole or not at all, so lines of two threads are not mixed. */
const PIPE_BUF = 4_096;
/** Between two tries, while nothing can be written. */
const RETRY_MS = 100;
/** A write that takes longer may never end: nobody reads a pipe whose writes wait. */
const HUNG_MS = 5_000;

export interface OutputOptions {
  /** Most characters that wait. */
  readonly mostWaiting?: number;
  /** Says, in place of texts that were dropped, how many they were. */
  readonly gap: (dropped: number) => string;
}

export class BoundedOutput {
  readonly #fd: number;
  readonly #time: Time;
  readonly #gap: OutputOptions['gap'];
  /** Most bytes that are written at once. */
  readonly #chunk: number;
  /** Most characters that wait. */
  readonly mostWaiting: number;
  #waiting: string[] = [];
  /** Characters in `#waiting`. */
  #waitingLength = 0;
  /** What is being written; empty: nothing. */
  #inHand: Uint8Array = Buffer.alloc(0);
  /** When the system was handed it, in monotonic ms; null: it has answered. */
  #underWaySince: number | null = null;
  #dropped = 0;
  /** Dropped since the last gap was shown. */
  #unsaid = 0;
  #idle = Promise.withResolvers<void>();

  /** `fd` stays open, whatever happens. */
  constructor(fd: number, time: Time, { gap, mostWaiting = MOST_WAITING }: OutputOptions) {
    this.#fd = fd;
    this.#time = time;
    this.#gap = gap;
    this.#chunk = fstatSync(fd).isFile() ? FILE_CHUNK : PIPE_BUF;
    this.mostWaiting = mostWaiting;
  }

  /** Characters that wait, beside what is being written. */
  get waiting(): number {
    return this.#waitingLength;
  }

  /** How many texts were dropped. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Has a write taken so long that it may never end? The process cannot end by itself then. */
  get isHung(): boolean {
    return this.#underWaySince !== null && this.#time.monotonic() - this.#underWaySince > HUNG_MS;
  }

  /** Writes `text` when that is possible; it is written as a whole, or dropped. */
  write(text: string): void {
    if (this.#waitingLength + text.length > this.mostWaiting) {
      this.#dropped++;
      this.#unsaid++;
      return;
    }
    this.#add(text);
    if (this.#inHand.length === 0) this.#next();
  }

  /** Resolves when all is written, or after so many milliseconds. */
  async flush(ms: number): Promise<void> {
    if (this.#inHand.length === 0) return;
    await within(
      this.#time,
      ms,
      () => this.#idle.promise,
      () => new Error('not written in time'),
    ).catch(() => undefined);
  }

  /** At the end of the process: writes what waits, up to the first failure. */
  writeRest(): void {
    const waiting = Buffer.from(this.#waiting.join(''));
    // The process ends when the system is done with what it was handed.
    let rest: Uint8Array = this.#underWaySince === null ? Buffer.concat([this.#inHand, waiting]) : waiting;
    this.#waiting = [];
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(this.#fd, rest));
    } catch {
      // The process ends: nobody is left to be told.
    }
  }

  #add(text: string): void {
    this.#waiting.push(text);
    this.#waitingLength += text.length;
  }

  #next(): void {
    this.#inHand = this.#take();
    if (this.#inHand.length > 0) {
      this.#write();
      return;
    }
    this.#idle.resolve();
    this.#idle = Promise.withResolvers();
  }

  /** Whole texts, as many as are written at once; one that is longer by itself. */
  #take(): Uint8Array {
    let bytes = 0;
    let count = 0;
    for (const text of this.#waiting) {
      bytes += Buffer.byteLength(text);
      if (count > 0 && bytes > this.#chunk) break;
      count++;
    }
    const taken = this.#waiting.splice(0, count).join('');
    this.#waitingLength -= taken.length;
    return Buffer.from(taken);
  }

  #write(): void {
    this.#underWaySince = this.#time.monotonic();
    write(this.#fd, this.#inHand, 0, this.#inHand.length, null, (error, written) => {
      this.#underWaySince = null;
      // Whatever the reason, it may pass: somebody reads the pipe again, or makes room on the disk.
      if (error !== null) this.#time.after(RETRY_MS, () => this.#write(), { isAwaited: false });
      else this.#wrote(written);
    });
  }

  #wrote(bytes: number): void {
    this.#inHand = this.#inHand.subarray(bytes);
    if (this.#inHand.length > 0) {
      this.#write();
      return;
    }
    if (this.#unsaid > 0) {
      this.#add(this.#gap(this.#unsaid));
      this.#unsaid = 0;
    }
    this.#next();
  }
}

/** When this thread ends, writes what waits; a write that hangs does not keep the process from ending. */
export function finishAtExit(output: BoundedOutput): void {
  process.on('exit', () => {
    // Node would wait for it for ever, and only this ends such a wait.
    if (output.isHung && isMainThread) process.kill(process.pid, 'SIGKILL');
    output.writeRest();
  });
}
