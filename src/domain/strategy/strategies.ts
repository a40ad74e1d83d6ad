/** The strategy kinds that settings can name. Adding one is a file, its test, and a line here. */

import { smaCrossover } from './kinds/sma-crossover.ts';
import type { StrategyKind } from './strategy.ts';

// biome-ignore format: one a line, so that additions do not meet.
export const STRATEGY_KINDS: readonly StrategyKind[] = [
  smaCrossover,
];

/** The kind of that name, or undefined. */
export function findStrategyKind(kind: string): StrategyKind | undefined {
  return STRATEGY_KINDS.find((known) => known.kind === kind);
}
