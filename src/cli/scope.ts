/** The scope of a command that stops or starts trading: everything, one account or one strategy. */

import type { Command } from 'commander';
import { type HaltScope, MANUAL } from '../domain/order/events.ts';
import { UserError } from '../domain/user-error.ts';
import type { EventStore } from '../ports/event-store.ts';
import { readSettings } from '../queries/settings-in-force.ts';
import { reasonArgument } from './terminal/arguments.ts';

export interface ScopeOptions {
  readonly all?: true;
  readonly account?: string;
  readonly strategy?: string;
  readonly reason: string;
  readonly json?: true;
}

/** Adds the options that name the scope, why, and how to answer. */
export function scoped(command: Command): Command {
  return command
    .option('--all', 'all accounts')
    .option('--account <id>', 'one account')
    .option('--strategy <name>', `one strategy; "${MANUAL}" for orders placed by people`)
    .requiredOption('--reason <text>', 'why; recorded with the request', reasonArgument)
    .option('--json', 'print the outcome as one JSON line');
}

/**
 * The scope that the options name. Throws UserError unless it is one that the settings in force have, or one of the
 * strategies that are `halted` though retired.
 */
export async function scopeOf(
  events: EventStore,
  { all, account, strategy }: ScopeOptions,
  halted: ReadonlySet<string> = new Set(),
): Promise<HaltScope> {
  if ([all, account, strategy].filter((given) => given !== undefined).length !== 1) {
    throw new UserError('say what it is about: one of --all, --account ID and --strategy NAME');
  }
  const { settings } = await readSettings(events);
  if (account !== undefined) return { account: known('account', account, settings.accounts) };
  if (strategy === MANUAL || (strategy !== undefined && halted.has(strategy))) return { strategy };
  if (strategy !== undefined) return { strategy: known('strategy', strategy, settings.strategies) };
  return { all: true };
}

function known(thing: string, name: string, there: ReadonlyMap<string, unknown>): string {
  if (there.has(name)) return name;
  throw new UserError(`there is no ${thing} "${name}", but ${[...there.keys()].join(', ') || 'none'}`);
}

/** `everything`, `account paper-1`, `strategy cross`. */
export function scopeText(scope: HaltScope): string {
  if ('all' in scope) return 'everything';
  return 'account' in scope ? `account ${scope.account}` : `strategy ${scope.strategy}`;
}
