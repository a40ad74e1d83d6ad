import { Random } from '../core/random.ts';
import type { Fault, FrameScope, Operation, RefusalKind } from './fault.ts';

const OPERATIONS: readonly Operation[] = ['place', 'cancel', 'query', 'account', 'market'];
const REFUSALS: readonly RefusalKind[] = ['rate-limited', 'server-error', 'unknown-outcome', 'busy'];

export type FaultMaker = (random: Random) => Fault;

/** Makers of one random fault each. A fault that ends trading for good is in none: it is asked for by name. */
const MAKERS: readonly FaultMaker[] = [
  (random) => ({ kind: 'cut', on: random.oneOf(['public', 'private', 'all']) }),
  (random) => ({ kind: 'refuse-connections', forMs: random.between(100, 5_000) }),
  (random) => ({ kind: 'silence', forMs: random.between(500, 30_000), ...scope(random) }),
  (random) => ({ kind: 'delay', byMs: random.between(50, 2_000), forMs: random.between(500, 10_000), ...scope(random) }),
  (random) => ({ kind: 'duplicate', frames: random.between(1, 5), ...scope(random) }),
  (random) => ({ kind: 'reorder', frames: random.between(1, 5), ...scope(random) }),
  (random) => ({ kind: 'gap', frames: random.between(1, 20), on: 'public' }),
  (random) => ({
    kind: 'refuse',
    operation: random.oneOf(OPERATIONS),
    as: random.oneOf(REFUSALS),
    when: 'before',
    times: random.between(1, 3),
  }),
  (random) => ({
    kind: 'refuse',
    operation: random.oneOf(['place', 'cancel']),
    as: random.oneOf(['server-error', 'unknown-outcome']),
    when: 'after',
    times: 1,
  }),
  (random) => ({ kind: 'lose-answer', operation: random.oneOf(OPERATIONS), times: 1 }),
  (random) => ({ kind: 'slow-answer', operation: random.oneOf(OPERATIONS), byMs: random.between(100, 12_000), times: 1 }),
  (random) => ({ kind: 'slow-arrival', operation: random.oneOf(OPERATIONS), byMs: random.between(100, 8_000), times: 1 }),
  (random) => ({ kind: 'hide-orders', byMs: random.between(500, 8_000), forMs: random.between(1_000, 10_000) }),
  (random) => ({ kind: 'clock-skew', byMs: random.between(-3_000, 3_000), forMs: random.between(1_000, 10_000) }),
  () => ({ kind: 'deaf-subscribe', times: 1 }),
  // Shorter than real ones: the other faults must have their turn.
  (random) => ({ kind: 'ban', forMs: random.between(2_000, 15_000) }),
  (random) => ({ kind: 'market-status', status: random.oneOf(['cancel-only', 'halted']), forMs: random.between(1_000, 10_000) }),
  (random) => ({ kind: 'restart', downMs: random.between(200, 10_000), isIdReset: random.next() < 0.5 }),
  (random) => ({ kind: 'fill-away', forMs: random.between(1_000, 20_000), isWhole: random.next() < 0.5 }),
  () => ({ kind: 'prevent' }),
  (random) => ({ kind: 'no-quote-amount', forMs: random.between(1_000, 60_000) }),
];

/** A fault and how many milliseconds after the one before it comes. */
export interface ScheduledFault {
  readonly afterMs: number;
  readonly fault: Fault;
}

/**
 * `count` faults of all kinds, at most `mostPauseMs` apart: the same for the same seed. `own` makes those that only one
 * venue knows.
 */
export function scheduledFaults(
  seed: number,
  count: number,
  mostPauseMs: number,
  own: readonly FaultMaker[] = [],
): ScheduledFault[] {
  const random = new Random(seed);
  const makers = [...MAKERS, ...own];
  return Array.from({ length: count }, () => ({ afterMs: random.between(0, mostPauseMs), fault: random.oneOf(makers)(random) }));
}

function scope(random: Random): FrameScope {
  return { on: random.oneOf(['public', 'private']) };
}
