/** Tests that need something of the machine: skipped where it is not there, with a reason that the run's last lines give. */

import type { TestOptions } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    skippedBecause?: string;
  }
}

/** Options of a test or a group: it runs where `isThere`, and is skipped with `reason` elsewhere. */
export function unless(isThere: boolean, reason: string): TestOptions {
  return isThere ? {} : { skip: true, meta: { skippedBecause: reason } };
}
