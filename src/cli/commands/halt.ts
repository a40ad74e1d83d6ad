/** `tapedeck halt`, `flatten` and `resume`: recorded on the tape, and so without HTTP. */

import { type Command, Option } from 'commander';
import type { HaltMode, HaltScope } from '../../domain/order/events.ts';
import { latestDocuments } from '../../queries/documents.ts';
import { type HaltOutcome, haltOutcome } from '../../queries/halt-outcome.ts';
import { stepsOfHalt } from '../../queries/halt-steps.ts';
import { haltedStrategies } from '../../queries/halted-strategies.ts';
import { type RecordedRequest, type RequestContext, requestHalt, requestResume } from '../../requests/requests.ts';
import { answerText, engineAnswered, enginePassed, requestContextOf } from '../engine-answer.ts';
import { type ScopeOptions, scoped, scopeOf, scopeText } from '../scope.ts';
import { type OpenStores, withTape } from '../stores.ts';
import { withExamples } from '../terminal/examples.ts';
import { haltLines } from '../terminal/halt-lines.ts';
import { answer } from '../terminal/output.ts';

interface FlattenOptions extends ScopeOptions {
  readonly atLastPrice?: true;
}

interface HaltOptions extends FlattenOptions {
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
    .action((options: HaltOptions) => stop(options, 'halt'));
  withExamples(command, [
    'tapedeck halt --account paper-binance --cancel-open --reason "feed looks wrong"',
    'tapedeck halt --all --mode stop --reason "exchange maintenance"',
  ]);
}

/** Closing what is held while its strategies trade on would be undone by the next signal: so it is a halt. */
export function flattenCommand(command: Command): void {
  scoped(command)
    .option('--at-last-price', 'close what is of a feed that has ended at its last price, and nothing else')
    .action((options: FlattenOptions) => stop({ ...options, mode: 'reduce-only', cancelOpen: true, flatten: true }, 'flatten'));
  withExamples(command, [
    'tapedeck flatten --strategy quick-cross --reason "to be retired"',
    'tapedeck flatten --strategy golden-cross --at-last-price --reason "the recording has ended"',
    'tapedeck flatten --all --reason "going home"',
  ]);
}

export function resumeCommand(command: Command): void {
  scoped(command).action((options: ScopeOptions) =>
    ask(options, 'resume', (write, scope, key) => requestResume(write, { scope, reason: options.reason }, key)),
  );
  withExamples(command, ['tapedeck resume --account paper-binance --reason "feed is well again"']);
}

/** Halts, and says what became of what was open and held. */
function stop(options: HaltOptions, verb: string): Promise<void> {
  const { mode, reason } = options;
  const [cancelOpen, flatten, atLastPrice] = [
    options.cancelOpen === true,
    options.flatten === true,
    options.atLastPrice === true,
  ];
  return ask(
    options,
    verb,
    async (write, scope, key, { events, reads }) => {
      const data = { scope, mode, cancelOpen, flatten, atLastPrice, reason };
      return requestHalt(write, data, key, await stepsOfHalt(events, reads, data));
    },
    async (stores, scope, { requestId, position }) => {
      // What stands behind the request is decided event by event.
      if (atLastPrice) await enginePassed(stores, position);
      return cancelOpen || flatten ? haltOutcome(stores.events, stores.reads, { requestId, scope, flatten }) : undefined;
    },
  );
}

function ask(
  options: ScopeOptions,
  verb: string,
  request: (write: RequestContext, scope: HaltScope, key: string, stores: OpenStores) => Promise<RecordedRequest>,
  outcomeOf?: (stores: OpenStores, scope: HaltScope, recorded: RecordedRequest) => Promise<HaltOutcome | undefined>,
): Promise<void> {
  return withTape(async (stores: OpenStores) => {
    const { events, reads } = stores;
    const halted = verb === 'resume' ? await haltedStrategies(latestDocuments(events, reads)) : undefined;
    const scope = await scopeOf(events, options, halted);
    const recorded = await request(requestContextOf(stores), scope, stores.time.uuid(), stores);
    const { requestId, position } = recorded;
    const isDecided = await engineAnswered(stores, requestId, position);
    const outcome = isDecided ? await outcomeOf?.(stores, scope, recorded) : undefined;
    answer(options, { request: requestId, position, decided: isDecided, ...outcome }, () => [
      `${verb} of ${scopeText(scope)} ${answerText(isDecided)} (request ${requestId})`,
      ...(outcome === undefined ? [] : haltLines(outcome)),
    ]);
  });
}
