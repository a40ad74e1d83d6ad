/** The examples at the end of every command's help. */

import type { Command } from 'commander';

/** Adds examples to a command's help. Each calls `tapedeck`, and is shown as it is typed in the project's folder. */
export function withExamples(command: Command, examples: readonly string[]): Command {
  const title = examples.length === 1 ? 'Example' : 'Examples';
  return command.addHelpText(
    'after',
    () => `\n${title}:\n${examples.map((example) => `  ${example.replace('tapedeck', './tapedeck')}`).join('\n')}`,
  );
}
