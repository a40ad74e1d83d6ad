/**
 * Law 1: the domain is pure and synchronous. Lint refuses what could break it (test/lint/domain-purity.test.ts), and
 * every test runs with clocks, randomness, timers and locale set to throw for the domain (forbidden-globals.ts): here
 * it is shown that they do, and that all reactors do without them.
 */

import { describe, expect, it } from 'vitest';
import { Engine } from '../../src/domain/engine/engine.ts';
import type { Reactor } from '../../src/domain/engine/reactor.ts';
import { REACTORS } from '../../src/domain/reactors.ts';
import { canonicalHash } from '../../src/tape/canonical-json.ts';
import { makeId } from '../../src/tape/id.ts';
import { ForbiddenGlobalError } from './forbidden-globals.ts';
import { LAWLESS } from './lawless/lawless.ts';
import { syntheticTape } from './synthetic-tape.ts';

/** A reactor that asks the machine for something, in `decide` or in `evolve`. */
function lawless(ask: () => unknown, when: 'decide' | 'evolve'): Reactor {
  const answer = (here: 'decide' | 'evolve') => {
    if (here === when) ask();
  };
  return {
    name: 'lawless',
    start: () => null,
    evolve: () => answer('evolve'),
    decide: () => answer('decide'),
  };
}

describe('a reactor of the domain that asks for the outside world fails', () => {
  const [evidence] = syntheticTape();
  if (evidence === undefined) throw new Error('the synthetic tape is empty');

  it.each(LAWLESS)('%s while deciding', (_what, ask) => {
    const engine = new Engine([lawless(ask, 'decide')], makeId, 'test');
    expect(() => engine.decide(evidence)).toThrow(ForbiddenGlobalError);
  });

  it.each(LAWLESS)('%s while evolving', (_what, ask) => {
    const engine = new Engine([lawless(ask, 'evolve')], makeId, 'test');
    expect(() => engine.decide(evidence)).toThrow(ForbiddenGlobalError);
  });

  it('and everybody else keeps the world', () => {
    expect(Date.now()).toBeGreaterThan(0);
    expect(Math.random()).toBeLessThan(1);
    expect(process.env).toBeDefined();
    expect('a'.localeCompare('b')).toBe(-1);
  });
});

/** Decisions that the synthetic tape must lead to; without them it would show little. */
const TOUCHED = [
  ...['BarClosed', 'SignalGenerated', 'OrderApproved', 'OrderDenied', 'OrderAccepted', 'OrderFilled', 'OrderCanceled'],
  ...['OrderCancelPending', 'OrderExpired', 'ExecutionReported', 'PositionChanged', 'BalanceChanged', 'AccountMarked'],
  ...['TradingHalted', 'TradingResumed'],
];

describe('all reactors, over a tape with every kind of evidence', () => {
  const tape = syntheticTape();
  const decideAll = () => {
    const engine = new Engine(REACTORS, makeId, 'test');
    return tape.map((evidence) => engine.decide(evidence));
  };

  it('decide without the outside world, and the same every time', () => {
    const decisions = decideAll();
    const types = new Set(decisions.flat().map((decision) => decision.type));
    for (const type of TOUCHED) expect(types).toContain(type);
    expect(canonicalHash(decideAll())).toBe(canonicalHash(decisions));
  });

  it('go on from a copy of their state as if they had never stopped', () => {
    const whole = decideAll();
    const middle = Math.floor(tape.length / 2);
    const first = new Engine(REACTORS, makeId, 'test');
    for (const evidence of tape.slice(0, middle)) first.decide(evidence);
    const copy = first.snapshot();
    // What the first engine does after the copy was made must not show in the copy.
    for (const evidence of tape.slice(middle)) first.decide(evidence);
    const second = new Engine(REACTORS, makeId, 'test');
    second.restore(copy);
    expect(canonicalHash(tape.slice(middle).map((evidence) => second.decide(evidence)))).toBe(canonicalHash(whole.slice(middle)));
  });

  it('have the same state after adopting what is recorded as after deciding it', () => {
    const deciding = new Engine(REACTORS, makeId, 'test');
    const adopting = new Engine(REACTORS, makeId, 'test');
    for (const evidence of tape) adopting.adopt(evidence, deciding.decide(evidence));
    expect(adopting.snapshot()).toEqual(deciding.snapshot());
  });
});
