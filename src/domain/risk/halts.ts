/** Halts in force: by strategy, by account, and for all. The latest request for a scope wins; only a person lifts it. */

import type { HaltMode, HaltScope } from '../order/events.ts';
import type { HaltInForce } from './limit.ts';

/** Plain data. */
export interface Halt {
  readonly mode: HaltMode;
  readonly reason: string;
  readonly requestId: string;
  /** What is held is to be closed; at the last price, where its feed has ended. */
  readonly flatten: boolean;
  readonly isAtLastPrice: boolean;
  /** The accounts in whose streams it is said, and has to be said when it is lifted. */
  readonly accounts: readonly string[];
}

export interface Halts {
  all: Halt | null;
  /** By account id. */
  readonly accounts: Map<string, Halt>;
  /** By strategy name. */
  readonly strategies: Map<string, Halt>;
}

export function noHalts(): Halts {
  return { all: null, accounts: new Map(), strategies: new Map() };
}

export function setHalt(halts: Halts, scope: HaltScope, halt: Halt): void {
  if ('all' in scope) halts.all = halt;
  else if ('account' in scope) halts.accounts.set(scope.account, halt);
  else halts.strategies.set(scope.strategy, halt);
}

/** Lifts the halt of exactly that scope: who resumes an account does not lift the halt of all, nor the other way round. */
export function liftHalt(halts: Halts, scope: HaltScope): void {
  if ('all' in scope) halts.all = null;
  else if ('account' in scope) halts.accounts.delete(scope.account);
  else halts.strategies.delete(scope.strategy);
}

function haltsOver(halts: Halts, account: string, strategy: string): (Halt | null | undefined)[] {
  return [halts.all, halts.accounts.get(account), halts.strategies.get(strategy)];
}

/** The strictest mode that holds for a strategy's orders in an account. */
export function haltInForce(halts: Halts, account: string, strategy: string): HaltInForce {
  let strictest: HaltInForce = 'none';
  for (const halt of haltsOver(halts, account, strategy)) {
    if (halt?.mode === 'stop') return 'stop';
    if (halt?.mode === 'reduce-only') strictest = 'reduce-only';
  }
  return strictest;
}

/** The halt by that request that is to close what the strategy holds, as long as it is in force. */
export function flatteningHalt(halts: Halts, account: string, strategy: string, requestId: string): Halt | undefined {
  return haltsOver(halts, account, strategy).find((halt) => halt?.requestId === requestId && halt.flatten) ?? undefined;
}
