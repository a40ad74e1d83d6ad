/**
 * Moves what was committed from a SQLite file's log into the file (a WAL checkpoint), in a thread of its own: it takes
 * some ten milliseconds of the disk, and commits would wait for them. https://sqlite.org/wal.html#ckpt
 */

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';

/** Rows between two checkpoints: about 10 MB of log. */
const EVERY_ROWS = 500;

/** A file as it is open: one that takes its place has another number. */
export interface OpenFile {
  readonly file: string;
  readonly dev: bigint;
  readonly ino: bigint;
}

export class SqliteCheckpoint {
  readonly #open: OpenFile;
  #rows = 0;
  #thread: Worker | undefined;
  #isBusy = false;
  #isClosed = false;
  #hasFailed = false;

  /** The file is one that is open in this thread. */
  constructor(name: string) {
    const file = resolve(name);
    const { dev, ino } = statSync(file, { bigint: true });
    this.#open = { file, dev, ino };
  }

  /** So many rows were committed. Never throws: nothing depends on it. */
  noteWritten(rows: number): void {
    this.#rows += rows;
    if (this.#rows < EVERY_ROWS || this.#isBusy || this.#isClosed) return;
    this.#rows = 0;
    this.#isBusy = true;
    try {
      this.#thread ??= this.#begin();
      this.#thread.postMessage(null);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** To be called before the file is closed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#thread?.terminate();
  }

  #begin(): Worker {
    const thread = new Worker(new URL('./checkpoint-thread.ts', import.meta.url), { workerData: this.#open });
    thread.unref();
    thread.on('message', () => {
      this.#isBusy = false;
    });
    thread.on('error', (error) => this.#failed(error));
    return thread;
  }

  /** Nothing is lost: SQLite itself does it at a commit when the log has grown long. The next time it is tried again. */
  #failed(error: unknown): void {
    this.#thread = undefined;
    this.#isBusy = false;
    if (this.#hasFailed || this.#isClosed) return;
    this.#hasFailed = true;
    const reason = error instanceof Error ? error.message : String(error);
    process.emitWarning(
      `the log of ${this.#open.file} could not be brought into the file between commits (${reason}): it grows, and a commit does it in the end, which takes longer; check the disk and the limits of the process`,
    );
  }
}
