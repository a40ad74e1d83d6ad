/** `tapedeck events`: the tape as lines. */

import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { findEventType } from '../../domain/catalogue.ts';
import { escapeUnprintable } from '../../domain/printable.ts';
import { UserError } from '../../domain/user-error.ts';
import type { EventStore, ReadQuery } from '../../ports/event-store.ts';
import { eventsOf } from '../../ports/pages.ts';
import { envelopeOf, laterPosition, type RecordedEvent } from '../../tape/envelope.ts';
import { pause } from '../../waiting.ts';
import { eventFacts } from '../event-facts.ts';
import { shortId, wholeId } from '../short-id.ts';
import { stopSignal } from '../stop-signal.ts';
import { type OpenStores, withTape } from '../stores.ts';
import { instant, positiveInteger } from '../terminal/arguments.ts';
import { withExamples } from '../terminal/examples.ts';
import { answer, wantsJson } from '../terminal/output.ts';
import { printLines } from '../terminal/print.ts';
import { cut, terminalWidth } from '../terminal/table-room.ts';

interface Options {
  readonly stream?: string;
  readonly category?: string;
  readonly type?: string;
  readonly correlation?: string;
  readonly from?: string;
  readonly to?: string;
  readonly order: 'asc' | 'desc';
  readonly limit?: number;
  readonly follow?: true;
  readonly json?: true;
}

/** How many are printed unless it is said. */
const LIMIT = 1000;
/** How often it is looked for new ones. */
const LOOK_EVERY_MS = 200;

export function eventsCommand(command: Command): void {
  command
    .addArgument(new Argument('[id]', 'one event, whole; the beginning of its id is enough'))
    .option('--stream <name>', 'only events of this stream')
    .option('--category <name>', 'only events of streams of this category, such as "order" or "signals"')
    .option('--type <name>', 'only events of this type, such as OrderFilled', eventTypeName)
    .option('--correlation <id>', 'only events caused by this evidence or request; the beginning of its id is enough')
    .option('--from <time>', 'only events at or after this time (ISO 8601)', instant)
    .option('--to <time>', 'only events before this time (ISO 8601)', instant)
    .addOption(new Option('--order <order>', 'oldest or newest first').choices(['asc', 'desc']).default('asc'))
    .option('--limit <count>', `at most this many; without it ${LIMIT}, or no end with --follow`, positiveInteger)
    .addOption(new Option('--follow', 'print what is recorded from now on, until Ctrl-C').conflicts(['order', 'from', 'to']))
    .option('--json', 'print one JSON line per event')
    .action((id: string | undefined, options: Options) =>
      withTape((stores) => {
        if (id !== undefined) return show(stores.events, id, options);
        return options.follow === true ? follow(stores, options) : print(stores.events, options);
      }),
    );
  withExamples(command, [
    'tapedeck events --category signals',
    'tapedeck events 4d18fd2d',
    'tapedeck events --correlation 4d18fd2d',
    'tapedeck events --stream settings-main',
    'tapedeck events --type OrderFilled --from 2024-08-09 --json | head -1',
    'tapedeck events --order desc --limit 20',
    'tapedeck events --follow --category order',
  ]);
}

async function show(events: EventStore, text: string, options: Options): Promise<void> {
  const id = await wholeEventId(events, text);
  const event = await events.byId(id);
  if (event === undefined) throw new UserError(`there is no event "${id}": ${LISTED}`);
  const envelope = envelopeOf(event);
  answer(options, envelope, () => JSON.stringify(envelope, null, 2).split('\n'));
}

const LISTED = '"./tapedeck events" lists them, with the beginnings of their ids';

function wholeEventId(events: EventStore, text: string): Promise<string> {
  return wholeId('event', text, (beginning, limit) => idsBeginning(events, beginning, limit), LISTED);
}

async function idsBeginning(events: EventStore, beginning: string, limit: number): Promise<string[]> {
  const found = await events.read({ idBeginning: beginning, limit });
  // One may stand at more than one place.
  return [...new Set(found.map(({ id }) => id))];
}

async function print(events: EventStore, options: Options): Promise<void> {
  let isEmpty = true;
  for await (const event of eventsOf(events, await queryOf(events, options), options.limit ?? LIMIT)) {
    printOne(event, options);
    isEmpty = false;
  }
  if (isEmpty && !wantsJson(options)) printLines(['no events']);
}

/** Looks again and again, because only a store as a whole can be subscribed to, and not what a query finds. */
async function follow({ config, time, events }: OpenStores, options: Options): Promise<void> {
  const signal = stopSignal(time, config.isWithinNpm);
  const query = await queryOf(events, options);
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  for (let after = await events.head(); left > 0 && !signal.aborted; ) {
    const head = await events.head();
    for await (const event of eventsOf(events, { ...query, after }, left)) {
      printOne(event, options);
      after = event.position;
      left--;
      if (signal.aborted) return;
    }
    after = laterPosition(after, head);
    if (left > 0) await pause(time, LOOK_EVERY_MS, signal);
  }
}

function printOne(event: RecordedEvent, options: Options): void {
  printLines([wantsJson(options) ? JSON.stringify(envelopeOf(event)) : eventLine(event, terminalWidth())]);
}

async function queryOf(events: EventStore, options: Options): Promise<Omit<ReadQuery, 'limit' | 'after'>> {
  const { stream, category, type, correlation, from, to, order } = options;
  return {
    stream,
    categories: category === undefined ? undefined : [category],
    types: type === undefined ? undefined : [type],
    correlationId: correlation && (await wholeEventId(events, correlation)),
    from,
    to,
    isBackward: order === 'desc',
  };
}

/**
 * The event for people: place, time (to the second), type, the facts that count and the beginning of its id. Where there
 * is too little room the last of the facts give way.
 */
export function eventLine(event: RecordedEvent, width: number): string {
  const { id, position, type, metadata } = event;
  const time = metadata.occurredAt.slice(0, 19);
  const facts = escapeUnprintable(eventFacts(event));
  const [place, name] = [`${position.padStart(7)}  ${time}  ${type.padEnd(17)}  `, `, id ${shortId(id)}`];
  return place + cut(facts, width - place.length - name.length) + name;
}

function eventTypeName(text: string): string {
  if (findEventType(text) === undefined) throw new InvalidArgumentError(`there is no event type "${text}"`);
  return text;
}
