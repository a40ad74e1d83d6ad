/** `tapedeck halt` and `tapedeck resume`: recorded on the tape, and so without HTTP. */

import { randomUUID } from 'node:crypto';
import { Command, Option } from 'commander';
import type { HaltMode, HaltScope } from '../domain/order/events.ts';
import { ENGINE_STREAM } from '../domain/streams.ts';
import { UserError } from '../domain/user-error.ts';
import type { EventStore } from '../ports.ts';
import { codeVersion } from '../runtime/code-version.ts';
import { type Asking, type RecordedRequest, requestHalt, requestResume } from '../runtime/requests.ts';
import { readSettings } from '../runtime/settings-apply.ts';
import { cliActor, type Opened, withTape } from './opening.ts';

/** How long to wait for a running engine to take the request in, and how often to look. */
const WAIT_MS = 2_000;
const LOOK_EVERY_MS = 20;

interface Options {
  readonly all?: true;
  readonly account?: string;
  readonly strategy?: string;
  readonly reason: string;
  readonly json?: true;
}

interface HaltOptions extends Options {
  readonly mode: HaltMode;
  readonly cancelOpen?: true;
  readonly flatten?: true;
}

export function haltCommand(): Command {
  return scoped(new Command('halt').description('stop trading, until a person resumes it'))
    .addOption(new Option('--mode <mode>', 'what may still be traded').choices(['reduce-only', 'stop']).default('reduce-only'))
    .option('--cancel-open', 'cancel the open orders')
    .option('--flatten', 'close the positions')
    .addHelpText('after', '\nExample:\n  npx tapedeck halt --account paper-binance --cancel-open --reason "feed looks wrong"')
    .action((options: HaltOptions) =>
      withTape((opened) =>
        ask(opened, options, 'halt', (asking, scope) => {
          const { mode, reason } = options;
          const data = { scope, mode, cancelOpen: options.cancelOpen === true, flatten: options.flatten === true, reason };
          return requestHalt(asking, data, randomUUID());
        }),
      ),
    );
}

export function resumeCommand(): Command {
  return scoped(new Command('resume').description('trade again after a halt'))
    .addHelpText('after', '\nExample:\n  npx tapedeck resume --account paper-binance --reason "feed is well again"')
    .action((options: Options) =>
      withTape((opened) =>
        ask(opened, options, 'resume', (asking, scope) => requestResume(asking, { scope, reason: options.reason }, randomUUID())),
      ),
    );
}

function scoped(command: Command): Command {
  return command
    .option('--all', 'every account')
    .option('--account <id>', 'one account')
    .option('--strategy <name>', 'one strategy')
    .requiredOption('--reason <text>', 'why; recorded with the request')
    .option('--json', 'print the outcome as one JSON line');
}

async function ask(
  { config, clock, events }: Opened,
  options: Options,
  verb: string,
  request: (asking: Asking, scope: HaltScope) => Promise<RecordedRequest>,
): Promise<void> {
  const scope = await scopeOf(events, options);
  const { requestId, position } = await request(
    { store: events, clock, actor: cliActor(config), codeVersion: codeVersion() },
    scope,
  );
  const decided = await engineTook(events, requestId, position);
  if (options.json === true || !process.stdout.isTTY) {
    process.stdout.write(`${JSON.stringify({ request: requestId, position, decided })}\n`);
  } else {
    process.stdout.write(`${verb} ${decided ? 'in force' : 'recorded; no engine is running'} (request ${requestId})\n`);
  }
}

async function scopeOf(events: EventStore, { all, account, strategy }: Options): Promise<HaltScope> {
  if ([all, account, strategy].filter((given) => given !== undefined).length !== 1) {
    throw new UserError('say what it is about: one of --all, --account ID and --strategy NAME');
  }
  const { settings } = await readSettings(events);
  if (account !== undefined) {
    if (!settings.accounts.has(account))
      throw new UserError(`there is no account "${account}", but ${listOf(settings.accounts)}`);
    return { account };
  }
  if (strategy !== undefined) {
    if (!settings.strategies.has(strategy))
      throw new UserError(`there is no strategy "${strategy}", but ${listOf(settings.strategies)}`);
    return { strategy };
  }
  return { all: true };
}

function listOf(names: ReadonlyMap<string, unknown>): string {
  return [...names.keys()].join(', ') || 'none';
}

/** Has a running engine decided upon the request? One that is up does so within milliseconds. */
async function engineTook(events: EventStore, requestId: string, position: string): Promise<boolean> {
  for (let waited = 0; waited <= WAIT_MS; waited += LOOK_EVERY_MS) {
    const cascades = await events.read({ stream: ENGINE_STREAM, correlationId: requestId, after: position, limit: 1 });
    if (cascades.length > 0) return true;
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_EVERY_MS);
    });
  }
  return false;
}
