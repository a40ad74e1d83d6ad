/** `tapedeck events`: the tape as lines. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import { findEventType } from '../../domain/catalogue.ts';
import type { EventStore, ReadQuery } from '../../ports/event-store.ts';
import { eventsOf } from '../../ports/pages.ts';
import { envelopeOf, type RecordedEvent } from '../../tape/envelope.ts';
import { withTape } from '../stores.ts';
import { instant, positiveInteger } from '../terminal/arguments.ts';
import { withExamples } from '../terminal/examples.ts';
import { wantsJson } from '../terminal/output.ts';
import { printLines } from '../terminal/print.ts';

interface Options {
  readonly stream?: string;
  readonly category?: string;
  readonly type?: string;
  readonly correlation?: string;
  readonly from?: string;
  readonly to?: string;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  readonly json?: true;
}

export function eventsCommand(command: Command): void {
  command
    .option('--stream <name>', 'only events of this stream')
    .option('--category <name>', 'only events of streams of this category, such as "order" or "signals"')
    .option('--type <name>', 'only events of this type, such as OrderFilled', eventTypeName)
    .option('--correlation <id>', 'only events caused by this evidence or request')
    .option('--from <time>', 'only events at or after this time (ISO 8601)', instant)
    .option('--to <time>', 'only events before this time (ISO 8601)', instant)
    .addOption(new Option('--order <order>', 'oldest or newest first').choices(['asc', 'desc']).default('asc'))
    .option('--limit <count>', 'at most this many', positiveInteger, 1000)
    .option('--json', 'print one JSON line per event')
    .action((options: Options) => withTape(({ events }) => print(events, options)));
  withExamples(command, [
    'tapedeck events --category signals',
    'tapedeck events --stream settings-main',
    'tapedeck events --type OrderFilled --from 2024-08-09 --json | head -1',
    'tapedeck events --order desc --limit 20',
  ]);
}

async function print(events: EventStore, options: Options): Promise<void> {
  const json = wantsJson(options);
  let isEmpty = true;
  for await (const event of eventsOf(events, queryOf(options), options.limit)) {
    printLines([json ? JSON.stringify(envelopeOf(event)) : lineOf(event)]);
    isEmpty = false;
  }
  if (isEmpty && !json) printLines(['no events']);
}

function queryOf({ stream, category, type, correlation, from, to, order }: Options): Omit<ReadQuery, 'limit' | 'after'> {
  return {
    stream,
    categories: category === undefined ? undefined : [category],
    types: type === undefined ? undefined : [type],
    correlationId: correlation,
    from,
    to,
    isBackward: order === 'desc',
  };
}

function lineOf(event: RecordedEvent): string {
  return `${event.position.padStart(8)}  ${event.metadata.occurredAt}  ${event.type.padEnd(20)}  ${event.stream}  ${JSON.stringify(event.data)}`;
}

function eventTypeName(text: string): string {
  if (findEventType(text) === undefined) throw new InvalidArgumentError(`there is no event type "${text}"`);
  return text;
}
