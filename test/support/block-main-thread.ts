/** Preloaded into a process: on SIGUSR2 its main thread stands still for some seconds, and says so before and after. */

import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const FOR_MS = 4_000;

if (isMainThread) {
  process.on('SIGUSR2', () => {
    writeSync(1, 'main thread: stands still\n');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FOR_MS);
    writeSync(1, 'main thread: goes on\n');
  });
}
