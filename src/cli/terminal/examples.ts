/** What every command's help ends with: how it is called. */

import type { Command } from 'commander';

/** Adds examples to a command's help, each as it is typed, but for `npx`: it goes before the program. */
export function withExamples(command: Command, examples: readonly string[]): Command {
  const title = examples.length === 1 ? 'Example' : 'Examples';
  return command.addHelpText(
    'after',
    () => `\n${title}:\n${examples.map((example) => `  ${example.replace('tapedeck', 'npx tapedeck')}`).join('\n')}`,
  );
}
