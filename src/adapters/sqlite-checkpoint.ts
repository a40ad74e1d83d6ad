/**
 * Moves what was committed from a SQLite file's log into the file (a WAL checkpoint), in a thread of its own: it takes
 * some ten milliseconds of the disk, and whoever commits would wait for them. https://sqlite.org/wal.html#ckpt
 */

import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';

/** Rows between two checkpoints: about 10 MB of log. */
const EVERY_ROWS = 500;

export class SqliteCheckpoint {
  readonly #file: string;
  #rows = 0;
  #thread: Worker | undefined;
  #isBusy = false;

  /** The file is one that is open in this thread. */
  constructor(file: string) {
    this.#file = resolve(file);
  }

  /** So many rows were committed. */
  wrote(rows: number): void {
    this.#rows += rows;
    if (this.#rows < EVERY_ROWS || this.#isBusy) return;
    this.#rows = 0;
    this.#isBusy = true;
    this.#thread ??= this.#begin();
    this.#thread.postMessage(null);
  }

  /** To be called before the file is closed. */
  async close(): Promise<void> {
    this.#isBusy = true;
    await this.#thread?.terminate();
  }

  #begin(): Worker {
    const thread = new Worker(new URL('./sqlite-checkpoint-thread.ts', import.meta.url), { workerData: this.#file });
    thread.unref();
    thread.on('message', () => {
      this.#isBusy = false;
    });
    // Nothing is lost: SQLite itself does it at a commit when the log has grown long, and whoever commits is told of a
    // disk that fails.
    thread.on('error', () => undefined);
    return thread;
  }
}
