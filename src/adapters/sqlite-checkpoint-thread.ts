/** The thread of `sqlite-checkpoint.ts`: each message asks for a checkpoint and is answered after it. */

import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';

/** How long commits wait, at most, for readers that are still in the log. */
const READERS_WAIT_MS = 20;

const url = pathToFileURL(workerData as string);
// A file that was removed meanwhile is not made anew.
url.searchParams.set('mode', 'rw');
const db = new DatabaseSync(url, { timeout: READERS_WAIT_MS });

parentPort?.on('message', () => {
  // Beside commits: all that is there now.
  db.exec('PRAGMA wal_checkpoint(PASSIVE)');
  // With commits kept off: the little that came since, so that the log begins again from its start and does not grow.
  db.exec('PRAGMA wal_checkpoint(RESTART)');
  parentPort?.postMessage(null);
});
