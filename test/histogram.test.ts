/** The histogram shows what the library's own shows of the same observations. */

import fc from 'fast-check';
import { Histogram as Known, type MetricObjectWithValues, type MetricValue, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { Histogram } from '../src/histogram.ts';
import { metricsText } from '../src/metrics.ts';

const BOUNDS = [0.001, 0.1, 2.5];
const value = fc.oneof(fc.constantFrom(...BOUNDS, 0), fc.double({ min: 0, max: 10, noNaN: true }));
const word = fc.constantFrom('a', 'b', '', '__proto__', 'a b');

async function shown(metric: { readonly get: () => Promise<unknown> }): Promise<string> {
  return metricsText([[(await metric.get()) as MetricObjectWithValues<MetricValue<string>>]]);
}

test.each([[[]], [['one']], [['one', 'two', 'three']]] as const)('with the labels %j', async (names) => {
  const observations = fc.array(fc.tuple(fc.tuple(word, word, word), value), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(observations, async (all) => {
      const ours = new Histogram<string>('times', 'Times', names, BOUNDS);
      const known = new Known({ name: 'times', help: 'Times', labelNames: names, buckets: BOUNDS, registers: [new Registry()] });
      for (const [words, observed] of all) {
        const labels = Object.fromEntries(names.map((name, index) => [name, words[index] as string]));
        ours.observe(labels, observed);
        known.observe(labels, observed);
      }
      expect(await shown(ours)).toBe(await shown(known));
    }),
  );
});
