/** `tapedeck completion`: scripts by which a shell completes what is typed, made from the commands themselves. */

import { Argument, type Command, Option } from 'commander';
import { MANUAL } from '../../domain/order/events.ts';
import { currentOrders } from '../../queries/current-orders.ts';
import { readSettings } from '../../queries/settings-in-force.ts';
import { type OpenStores, withTapeIfAny } from '../stores.ts';
import {
  bashScript,
  type CommandNode,
  fishScript,
  type OptionNode,
  VALUE_KINDS,
  type ValueKind,
  zshScript,
} from '../terminal/completion-scripts.ts';
import { withExamples } from '../terminal/examples.ts';
import { printLines } from '../terminal/print.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** Options whose values the tape knows, and the arguments of commands. */
const VALUES_OF_OPTIONS: Readonly<Record<string, ValueKind>> = { '--account': 'accounts', '--strategy': 'strategies' };
const VALUES_OF_ARGUMENTS: Readonly<Record<string, ValueKind>> = { ' orders': 'orders' };
/** The latest ones: nobody completes an older id. */
const MAX_ORDERS = 100;

interface Options {
  readonly values?: ValueKind;
  readonly json?: true;
}

export function completionCommand(command: Command): void {
  command
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SCRIPTS)))
    .addOption(new Option('--values <kind>', 'print what the tape has of these, as the scripts ask').choices(VALUE_KINDS))
    .option('--json', 'print the commands as one JSON line')
    .action((shell: keyof typeof SCRIPTS, { values, json }: Options, self: Command) => {
      if (values !== undefined) return withTapeIfAny((stores) => printValues(stores, values));
      const nodes = nodesOf(self.parent ?? self, '');
      printLines(json === true ? [JSON.stringify(nodes)] : SCRIPTS[shell](nodes).trimEnd().split('\n'));
      return undefined;
    });
  withExamples(command, [
    'D=~/.local/share/bash-completion/completions; mkdir -p $D && tapedeck completion bash > $D/tapedeck',
    'sudo mkdir -p /usr/local/share/zsh/site-functions',
    'tapedeck completion zsh | sudo tee /usr/local/share/zsh/site-functions/_tapedeck',
    'mkdir -p ~/.config/fish/completions && tapedeck completion fish > ~/.config/fish/completions/tapedeck.fish',
  ]);
}

async function printValues(stores: OpenStores | undefined, kind: ValueKind): Promise<void> {
  const values = stores === undefined ? [] : await valuesOf(stores, kind);
  printLines(values);
}

async function valuesOf({ events, reads }: OpenStores, kind: ValueKind): Promise<string[]> {
  if (kind === 'orders') return (await currentOrders(events, reads, { limit: MAX_ORDERS })).map(({ id }) => id);
  const { settings } = await readSettings(events);
  return kind === 'accounts' ? [...settings.accounts.keys()] : [...settings.strategies.keys(), MANUAL];
}

/** The command and all within it, outermost first; `path` is what is typed before, such as ` settings check`. */
function nodesOf(command: Command, path: string): CommandNode[] {
  const inner = command.commands.map((one) => ({ name: one.name(), description: one.description() }));
  const hasFiles = command.registeredArguments.some((argument) => argument.name() === 'file');
  const words = command.registeredArguments.flatMap((argument) => argument.argChoices ?? []);
  const values = VALUES_OF_ARGUMENTS[path] ?? null;
  const node = { path, commands: inner, words, values, hasFiles, options: command.options.filter(isShown).map(optionNode) };
  return [node, ...command.commands.flatMap((one) => nodesOf(one, `${path} ${one.name()}`))];
}

function isShown({ hidden, long }: Option): boolean {
  return !hidden && long !== undefined;
}

function optionNode({ long, description, required, optional, argChoices }: Option): OptionNode {
  const name = long ?? '';
  const values = VALUES_OF_OPTIONS[name] ?? null;
  return { name, description, hasValue: required || optional, choices: argChoices ?? [], values };
}
