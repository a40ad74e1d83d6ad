/** `tapedeck completion`: scripts by which a shell completes what is typed, made from the commands themselves. */

import { Argument, type Command, type Option } from 'commander';
import { bashScript, type CommandNode, fishScript, type OptionNode, zshScript } from '../terminal/completion-scripts.ts';
import { withExamples } from '../terminal/examples.ts';
import { printLines } from '../terminal/print.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

export function completionCommand(command: Command): void {
  command
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SCRIPTS)))
    .option('--json', 'print the commands as one JSON line')
    .action((shell: keyof typeof SCRIPTS, { json }: { readonly json?: true }, self: Command) => {
      const nodes = nodesOf(self.parent ?? self, '');
      printLines(json === true ? [JSON.stringify(nodes)] : SCRIPTS[shell](nodes).trimEnd().split('\n'));
    });
  withExamples(command, [
    'tapedeck completion bash > ~/.local/share/bash-completion/completions/tapedeck',
    'tapedeck completion zsh > /usr/local/share/zsh/site-functions/_tapedeck',
    'tapedeck completion fish > ~/.config/fish/completions/tapedeck.fish',
  ]);
}

/** The command and all within it, outermost first; `path` is what is typed before, such as ` settings check`. */
function nodesOf(command: Command, path: string): CommandNode[] {
  const inner = command.commands.map((one) => ({ name: one.name(), description: one.description() }));
  const hasFiles = command.registeredArguments.some((argument) => argument.name() === 'file');
  const words = command.registeredArguments.flatMap((argument) => argument.argChoices ?? []);
  const node = { path, commands: inner, words, hasFiles, options: command.options.filter(isShown).map(optionNode) };
  return [node, ...command.commands.flatMap((one) => nodesOf(one, `${path} ${one.name()}`))];
}

function isShown({ hidden, long }: Option): boolean {
  return !hidden && long !== undefined;
}

function optionNode({ long, description, required, optional, argChoices }: Option): OptionNode {
  return { name: long ?? '', description, hasValue: required || optional, choices: argChoices ?? [] };
}
