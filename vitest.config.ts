import { defineConfig } from 'vitest/config';

/** Those start processes, speak to servers of their own over sockets, or read whole recordings. */
const PROCESSES = [
  'test/{system,cli,docs,bench}/**',
  'test/api/{http,limits,openapi,routes,thread}/**',
  'test/api/server.test.ts',
  'test/exchange-simulator/server.test.ts',
  'test/adapters/{recordings,venues}/**',
  'test/adapters/{eventstoredb,mongodb}/**',
  'test/adapters/sqlite/processes.test.ts',
];
/** Those try something thousands of times. */
const PROPERTIES = ['test/**/*.property.test.ts'];
/** Those need real backends: vitest.backends.config.ts. */
const BACKENDS = 'test/backends/**';

const testsIn = (patterns: readonly string[]): string[] =>
  patterns.map((pattern) => (pattern.endsWith('.test.ts') ? pattern : `${pattern}/*.test.ts`));

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [BACKENDS, ...PROCESSES, ...PROPERTIES],
          sequence: { groupOrder: 1 },
        },
      },
      { extends: true, test: { name: 'property', include: testsIn(PROPERTIES), sequence: { groupOrder: 2 } } },
      { extends: true, test: { name: 'process', include: testsIn(PROCESSES), exclude: PROPERTIES, sequence: { groupOrder: 3 } } },
    ],
    // Half of the time of small files goes into loading what the one before has loaded. A worker goes on to the next file
    // of its own project alone, so that projects run one after the other.
    isolate: false,
    // Clocks, timers, randomness and locale throw for code of the domain in every test: law 1.
    setupFiles: ['test/laws/forbidden-globals.ts'],
    // Noisy machines with two cores: a test that needs longer than this hangs.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // No test may rest on the order of others; the seed is printed, and --sequence.seed repeats it.
    sequence: { shuffle: true },
    reporters: ['default', './test/support/skipped-reporter.ts'],
    coverage: {
      provider: 'v8',
      include: ['src/domain/**/*.ts'],
      reporter: ['text-summary', 'html'],
      thresholds: { statements: 90, branches: 90, functions: 90, lines: 90 },
    },
  },
});
