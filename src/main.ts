#!/usr/bin/env node
/** Parses the command line; nothing else. */

import { styleText } from 'node:util';
import { Command, CommanderError } from 'commander';
import { cancelAllCommand } from './cli/commands/cancel-all.ts';
import { completionCommand } from './cli/commands/completion.ts';
import { consumeCommand } from './cli/commands/consume.ts';
import { eventsCommand } from './cli/commands/events.ts';
import { flattenCommand, haltCommand, resumeCommand } from './cli/commands/halt.ts';
import { ingestCommand } from './cli/commands/ingest.ts';
import { keysCommand } from './cli/commands/keys.ts';
import { ordersCommand } from './cli/commands/orders.ts';
import { positionsCommand } from './cli/commands/positions.ts';
import { projectionsCommand } from './cli/commands/projections.ts';
import { runCommand } from './cli/commands/run.ts';
import { settingsCommand } from './cli/commands/settings.ts';
import { statusCommand } from './cli/commands/status.ts';
import { exitCodeOf } from './cli/exit-code.ts';
import { endWhenReaderIsGone } from './cli/terminal/broken-pipe.ts';

const program = new Command('tapedeck')
  .description('An event-sourced trading system: every bar, signal and order change is an immutable event on one tape.')
  .version('0.1.0')
  .exitOverride()
  .showHelpAfterError('(add --help for what there is)')
  .configureHelp({
    styleTitle: (text) => styleText('bold', text, { validateStream: false }),
    styleSubcommandTerm: (text) => styleText('cyan', text, { validateStream: false }),
    styleOptionTerm: (text) => styleText('cyan', text, { validateStream: false }),
  });

for (const command of [
  runCommand,
  ingestCommand,
  statusCommand,
  ordersCommand,
  positionsCommand,
  eventsCommand,
  haltCommand,
  cancelAllCommand,
  flattenCommand,
  resumeCommand,
  settingsCommand,
  projectionsCommand,
  consumeCommand,
  keysCommand,
  completionCommand,
]) {
  program.addCommand(likeProgram(command()));
}

/** Mistakes in a command, and in the commands within it, are handled as those in the program. */
function likeProgram(command: Command): Command {
  command.copyInheritedSettings(program);
  for (const inner of command.commands) likeProgram(inner);
  return command;
}

endWhenReaderIsGone(process.stdout);
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else process.exitCode = exitCodeOf(error);
}
