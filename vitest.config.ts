import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Those need real engines: vitest.backends.config.ts.
    exclude: ['test/backends/**'],
    // Clocks, timers, randomness and locale throw for code of the domain in every test: law 1.
    setupFiles: ['test/laws/forbidden-globals.ts'],
    // Noisy machines with two cores: a test that needs longer than this hangs.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // No test may rest on the order of others; the seed is printed, and --sequence.seed repeats it.
    sequence: { shuffle: true },
    coverage: {
      provider: 'v8',
      include: ['src/domain/**/*.ts'],
      reporter: ['text-summary', 'html'],
      thresholds: { statements: 90, branches: 90, functions: 90, lines: 90 },
    },
  },
});
