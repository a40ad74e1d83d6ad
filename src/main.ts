#!/usr/bin/env node
/** Parses the command line; nothing else. */

import { Command, CommanderError } from 'commander';
import { eventsCommand } from './commands/events.ts';
import { explain } from './commands/explain.ts';
import { haltCommand, resumeCommand } from './commands/halt.ts';
import { ingestCommand } from './commands/ingest.ts';
import { endWhenReaderIsGone } from './commands/reader-gone.ts';
import { runCommand } from './commands/run.ts';
import { statusCommand } from './commands/status.ts';

const program = new Command('tapedeck')
  .description('An event-sourced trading system: every bar, signal and order change is an immutable event on one tape.')
  .version('0.1.0')
  .exitOverride()
  .showHelpAfterError('(tapedeck --help lists the commands)');

for (const command of [runCommand, ingestCommand, statusCommand, eventsCommand, haltCommand, resumeCommand]) {
  program.addCommand(command().exitOverride().configureOutput(program.configureOutput()));
}

endWhenReaderIsGone(process.stdout);
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else process.exitCode = explain(error);
}
