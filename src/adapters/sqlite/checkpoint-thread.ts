/** The thread of `sqlite-checkpoint.ts`: each message asks for a checkpoint and is answered after it. */

import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { systemTime } from '../system-time.ts';
import type { OpenFile } from './checkpoint.ts';

/** How long readers that are still in the log are waited for while commits are kept off: they are not to hold those up. */
const READERS_WAIT_MS = 1;
/** A commit that is being made ends in the way of it. */
const MOST_TRIES = 5;
/** Between two: while much is appended at once, each would hold up the next commits for little. */
const PAUSE_MS = 250;

const open = workerData as OpenFile;

function assertInPlace(): void {
  const there = statSync(open.file, { bigint: true, throwIfNoEntry: false });
  // A log belongs to one file, and would damage another.
  if (there?.ino !== open.ino || there.dev !== open.dev) throw new Error('the file was removed or replaced while it was in use');
}

assertInPlace();
const url = pathToFileURL(open.file);
// A file that was removed meanwhile is not made again.
url.searchParams.set('mode', 'rw');
const db = new DatabaseSync(url, { timeout: READERS_WAIT_MS });
const restart = db.prepare('PRAGMA wal_checkpoint(RESTART)');

parentPort?.on('message', () => {
  assertInPlace();
  // Between commits: all that is there now.
  db.exec('PRAGMA wal_checkpoint(PASSIVE)');
  // With commits kept off: the little that came since, so that the log begins again from its start and does not grow.
  for (let tries = 1; (restart.get() as { busy: number }).busy === 1 && tries < MOST_TRIES; tries++);
  systemTime.after(PAUSE_MS, () => parentPort?.postMessage(null));
});
