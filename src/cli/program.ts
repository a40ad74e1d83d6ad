/** The program `tapedeck`: finds the command that is meant, runs it, and sets the exit code. */

import { styleText } from 'node:util';
import { Command, CommanderError } from 'commander';
import { packageVersion } from '../runtime/process/package-version.ts';
import { COMMANDS } from './commands/commands.ts';
import { exitCodeOf } from './exit-code.ts';
import { endWhenReaderIsGone, ignoreFailures } from './terminal/broken-pipe.ts';
import { shownText } from './terminal/print.ts';

/** Its script tells a shell of every command. */
const NEEDS_ALL = 'completion';

/** Runs the command that `words` ask for, and sets the exit code of the process. */
export async function runProgram(words: readonly string[]): Promise<void> {
  endWhenReaderIsGone(process.stdout);
  ignoreFailures(process.stderr);
  try {
    const program = await makeProgram(words);
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else process.exitCode = exitCodeOf(error);
  }
}

/** With every command by name, and the one that is asked for as a whole. */
async function makeProgram(words: readonly string[]): Promise<Command> {
  const program = new Command('tapedeck')
    .description('An event-sourced trading system: every bar, signal and order change is an immutable event on one tape.')
    .version(packageVersion())
    .exitOverride()
    .showHelpAfterError('(add --help for what there is)')
    .configureOutput({ outputError: (text, write) => write(shownText(text)) })
    .configureHelp({
      styleTitle: (text) => styleText('bold', text, { validateStream: false }),
      styleSubcommandTerm: (text) => styleText('cyan', text, { validateStream: false }),
      styleOptionTerm: (text) => styleText('cyan', text, { validateStream: false }),
    });
  const name = commandIn(words);
  for (const listed of COMMANDS) {
    const command = new Command(listed.name).description(listed.description);
    if (listed.name === name || name === NEEDS_ALL) (await listed.load())(command);
    else command.action(failUnloaded);
    program.addCommand(likeProgram(command, program));
  }
  return program.configureHelp({ ...program.configureHelp(), subcommandTerm });
}

/** The name of the command that is asked for, or asked about. The program's own options take no value. */
function commandIn(words: readonly string[]): string | undefined {
  const [first, second] = words.filter((word) => !word.startsWith('-'));
  return first === 'help' ? second : first;
}

/** A command that does nothing must not look like one that was done. */
function failUnloaded(_options: object, command: Command): never {
  throw new Error(`the command "${command.name()}" was not loaded`);
}

/** Mistakes in a command, and in the commands within it, are handled as those in the program. */
function likeProgram(command: Command, program: Command): Command {
  command.copyInheritedSettings(program);
  for (const inner of command.commands) likeProgram(inner, program);
  return command;
}

/** A command in the list of the help, where most have no options: they are not loaded. */
function subcommandTerm(command: Command): string {
  const name = command.name();
  const takes = COMMANDS.find((listed) => listed.name === name)?.takes ?? command.usage();
  return `${name} ${takes}`.trimEnd();
}
