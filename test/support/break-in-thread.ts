/** Preloaded into a process: a thread of it that is not the main one breaks after a while. */

import { isMainThread } from 'node:worker_threads';

if (!isMainThread) {
  setTimeout(() => {
    throw new Error('the thread broke');
  }, 1_500);
}
