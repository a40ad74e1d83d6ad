/**
 * Simple moving average crossover. The side is the sign of the fast average minus the slow one; equal averages keep
 * the last side; a signal is a change of side, and the first side after the warm-up is none. Exact: the averages are
 * compared as integer sums multiplied crosswise, and each bar costs the same whatever the periods are.
 */

import { z } from 'zod';
import { divideUnits, formatUnits, parseDecimal, toUnits } from '../../decimal.ts';
import type { Side } from '../../event.ts';
import { HISTORY_BARS, type SideChange, type StrategyKind } from '../strategy.ts';

const params = z
  .strictObject({ fast: z.int().min(1).max(HISTORY_BARS), slow: z.int().min(2).max(HISTORY_BARS) })
  .refine(({ fast, slow }) => fast < slow, { path: ['fast'], message: 'must be less than slow' });
type Params = z.output<typeof params>;

interface State {
  readonly fast: number;
  readonly slow: number;
  /** Decimal places of prices; closes and sums are integers at it. */
  readonly scale: number;
  /** The last `slow` closes; the oldest is at `next` once it is full. */
  readonly closes: bigint[];
  next: number;
  fastSum: bigint;
  slowSum: bigint;
  side: Side | null;
}

export const smaCrossover: StrategyKind<Params, State> = {
  kind: 'sma-crossover',
  params,
  warmUp: ({ slow }) => slow,
  start: ({ fast, slow }, instrument) => ({
    fast,
    slow,
    scale: instrument.priceScale,
    closes: [],
    next: 0,
    fastSum: 0n,
    slowSum: 0n,
    side: null,
  }),
  evolve: (state, bar) => {
    push(state, toUnits(parseDecimal(bar.close), state.scale));
    if (state.closes.length < state.slow) return null;
    const difference = state.fastSum * BigInt(state.slow) - state.slowSum * BigInt(state.fast);
    const side: Side | null = difference > 0n ? 'buy' : difference < 0n ? 'sell' : state.side;
    const previous = state.side;
    state.side = side;
    return side === null || previous === null || side === previous ? null : { side, reason: reasonOf(state) };
  },
};

/** Adds a close to both sums and takes off those that left the windows. */
function push(state: State, close: bigint): void {
  const { closes, slow, fast } = state;
  const count = closes.length;
  if (count >= fast) state.fastSum -= closes[(state.next + slow - fast) % slow] ?? 0n;
  if (count === slow) state.slowSum -= closes[state.next] ?? 0n;
  if (count < slow) closes.push(close);
  else closes[state.next] = close;
  state.next = (state.next + 1) % slow;
  state.fastSum += close;
  state.slowSum += close;
}

function reasonOf(state: State): SideChange['reason'] {
  const { fast, slow, fastSum, slowSum, scale } = state;
  return {
    fastSum: formatUnits(fastSum, scale),
    fastPeriod: fast,
    slowSum: formatUnits(slowSum, scale),
    slowPeriod: slow,
    fastAverage: formatUnits(divideUnits(fastSum, BigInt(fast), 'half-even'), scale),
    slowAverage: formatUnits(divideUnits(slowSum, BigInt(slow), 'half-even'), scale),
  };
}
