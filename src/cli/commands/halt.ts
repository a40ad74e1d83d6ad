/** `tapedeck halt`, `flatten` and `resume`: recorded on the tape, and so without HTTP. */

import { type Command, Option } from 'commander';
import type { HaltMode, HaltScope } from '../../domain/order/events.ts';
import { type RecordedRequest, type RequestContext, requestHalt, requestResume } from '../../requests/requests.ts';
import { answerText, engineAnswered, requestContextOf } from '../engine-answer.ts';
import { type ScopeOptions, scoped, scopeOf, scopeText } from '../scope.ts';
import { type OpenStores, withTape } from '../stores.ts';
import { withExamples } from '../terminal/examples.ts';
import { answer } from '../terminal/output.ts';

interface HaltOptions extends ScopeOptions {
  readonly mode: HaltMode;
  readonly cancelOpen?: true;
  readonly flatten?: true;
}

export function haltCommand(command: Command): void {
  scoped(command)
    .addOption(
      new Option('--mode <mode>', 'reduce-only: positions may still be closed; stop: no orders at all')
        .choices(['reduce-only', 'stop'])
        .default('reduce-only'),
    )
    .option('--cancel-open', 'cancel the open orders')
    .option('--flatten', 'close the positions')
    .action((options: HaltOptions) => ask(options, 'halt', (write, scope, key) => halt(write, scope, key, options)));
  withExamples(command, [
    'tapedeck halt --account paper-binance --cancel-open --reason "feed looks wrong"',
    'tapedeck halt --all --mode stop --reason "exchange maintenance"',
  ]);
}

/** Closing what is held while its strategies trade on would be undone by the next signal: so it is a halt. */
export function flattenCommand(command: Command): void {
  scoped(command).action((options: ScopeOptions) =>
    ask(options, 'flatten', (write, scope, key) =>
      halt(write, scope, key, { ...options, mode: 'reduce-only', cancelOpen: true, flatten: true }),
    ),
  );
  withExamples(command, [
    'tapedeck flatten --strategy golden-cross --reason "to be retired"',
    'tapedeck flatten --all --reason "going home"',
  ]);
}

export function resumeCommand(command: Command): void {
  scoped(command).action((options: ScopeOptions) =>
    ask(options, 'resume', (write, scope, key) => requestResume(write, { scope, reason: options.reason }, key)),
  );
  withExamples(command, ['tapedeck resume --account paper-binance --reason "feed is well again"']);
}

function halt(
  write: RequestContext,
  scope: HaltScope,
  key: string,
  { mode, reason, cancelOpen, flatten }: HaltOptions,
): Promise<RecordedRequest> {
  const data = { scope, mode, cancelOpen: cancelOpen === true, flatten: flatten === true, reason };
  return requestHalt(write, data, key);
}

function ask(
  options: ScopeOptions,
  verb: string,
  request: (write: RequestContext, scope: HaltScope, key: string) => Promise<RecordedRequest>,
): Promise<void> {
  return withTape(async (stores: OpenStores) => {
    const scope = await scopeOf(stores.events, options);
    const { requestId, position } = await request(requestContextOf(stores), scope, stores.time.uuid());
    const isDecided = await engineAnswered(stores, requestId, position);
    answer(options, { request: requestId, position, decided: isDecided }, () => [
      `${verb} of ${scopeText(scope)} ${answerText(isDecided)} (request ${requestId})`,
    ]);
  });
}
