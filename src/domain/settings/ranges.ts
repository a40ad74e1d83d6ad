/**
 * What may be proposed, beyond what settings may hold: their ranges. Only a proposal is held to them, so that a tape that
 * has others in force still starts.
 */

import { compare, ONE, parseDecimal } from '../decimal.ts';
import { LIMIT_SETTINGS } from '../risk/limits.ts';
import { durationMs } from '../time.ts';
import { type Violation, violationLine } from './check.ts';
import type { AccountSettings, FeedSettings, Settings, StrategySettings } from './settings.ts';

/** Far above every count, and every time in milliseconds; the highest whole number would leave no next generation. */
const MOST_GENERATION = 1_000_000_000_000_000;

/** A line of path and reason for each setting that is out of its range. */
export function outOfRange({ generation, feeds, accounts, strategies }: Settings): string[] {
  return [
    ...generationViolations(generation),
    ...feeds.flatMap((feed, index) => feedViolations(feed, ['feeds', index])),
    ...accounts.flatMap(slippageViolations),
    ...accounts.flatMap((account, index) => limitRemarks(account, index, 'objection')),
    ...strategies.flatMap(({ size }, index) => sizeViolations(size, ['strategies', index, 'size'])),
  ].map(violationLine);
}

/** A line for each limit that never holds anything up as it is set. That is allowed, and to be known. */
export function idleLimits({ accounts }: Settings): string[] {
  return accounts.flatMap((account, index) => limitRemarks(account, index, 'idleness')).map(violationLine);
}

function generationViolations(generation: number): Violation[] {
  if (generation <= MOST_GENERATION) return [];
  return [[['generation'], `must be at most ${MOST_GENERATION}: the next change needs a higher one`]];
}

function slippageViolations({ slippage }: AccountSettings, index: number): Violation[] {
  if (compare(parseDecimal(slippage), ONE) < 0) return [];
  return [[['accounts', index, 'slippage'], 'must be below 1: what is sold would bring nothing']];
}

function feedViolations({ depth, staleAfter }: FeedSettings, at: Violation[0]): Violation[] {
  const violations: Violation[] = [];
  if (durationMs(staleAfter) === 0)
    violations.push([[...at, 'staleAfter'], 'must be above zero: the feed would always be stale']);
  if (depth !== undefined && durationMs(depth.every) === 0) violations.push([[...at, 'depth', 'every'], 'must be above zero']);
  return violations;
}

function limitRemarks({ limits }: AccountSettings, index: number, kind: 'objection' | 'idleness'): Violation[] {
  const set: Readonly<Record<string, unknown>> = limits;
  return LIMIT_SETTINGS.flatMap((setting) => {
    const remark = set[setting.key] === undefined ? null : (setting[kind]?.(set[setting.key]) ?? null);
    return remark === null ? [] : [[['accounts', index, 'limits', setting.key], remark] as const];
  });
}

function sizeViolations(size: StrategySettings['size'], at: Violation[0]): Violation[] {
  if (!('equityFraction' in size) || compare(parseDecimal(size.equityFraction), ONE) <= 0) return [];
  return [[[...at, 'equityFraction'], 'must be a fraction from 0 to 1']];
}
