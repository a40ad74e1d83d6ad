import { defineConfig } from 'vitest/config';
import { WholeSystemFirst } from './test/backends/whole-system-first.ts';

/** `npm run test:backends`: the same laws on real backends, which start slowly and are shared by the tests of a file. */
export default defineConfig({
  test: {
    include: ['test/backends/**/*.test.ts'],
    setupFiles: ['test/laws/forbidden-globals.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Backends are heavy: two cores carry the tests of one file at a time.
    fileParallelism: false,
    reporters: ['default', './test/support/skipped-reporter.ts'],
    sequence: { sequencer: WholeSystemFirst },
  },
});
