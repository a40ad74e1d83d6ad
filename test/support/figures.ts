/** What a scrape shows, for tests. */

import { type Metrics, metricsText } from '../../src/metrics.ts';

/** Every sample by its name with its labels, such as `tapedeck_orders_total{outcome="fill"}`. */
export async function figures(...threads: readonly Metrics[]): Promise<ReadonlyMap<string, number>> {
  return figuresOf(await metricsText(await Promise.all(threads.map((metrics) => metrics.snapshot()))));
}

export function figuresOf(text: string): ReadonlyMap<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const space = line.lastIndexOf(' ');
    const name = line.slice(0, space);
    if (samples.has(name)) throw new Error(`${name} is there twice`);
    samples.set(name, Number(line.slice(space + 1)));
  }
  return samples;
}
