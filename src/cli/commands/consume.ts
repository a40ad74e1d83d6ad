/** `tapedeck consume`: what the relay has sent, as a consumer gets it, and whether it is whole. */

import { Argument, type Command, InvalidArgumentError } from 'commander';
import { openPublished } from '../../adapters/open.ts';
import { systemTime } from '../../adapters/system-time.ts';
import { readConfig } from '../../config/environment.ts';
import { UserError } from '../../domain/user-error.ts';
import { makeLogger } from '../../logging.ts';
import type { PublishedRecord } from '../../ports/publisher.ts';
import { type PublishedBreak, PublishedOrder } from '../../runtime/relay/stream-order.ts';
import { HEADER, TOPICS } from '../../tape/publication.ts';
import { stopSignal } from '../stop-signal.ts';
import { positiveInteger } from '../terminal/arguments.ts';
import { withExamples } from '../terminal/examples.ts';
import { wantsJson } from '../terminal/output.ts';
import { printLines } from '../terminal/print.ts';
import { cut, terminalWidth } from '../terminal/table-room.ts';

interface Options {
  readonly fromBeginning?: true;
  readonly untilEnd?: true;
  readonly limit?: number;
  readonly json?: true;
}

export function consumeCommand(command: Command): void {
  command
    .addArgument(new Argument('<topic>', `one of ${TOPICS.join(', ')}`).argParser(topicOf))
    .option('--from-beginning', 'from the oldest record, instead of only new records')
    .option('--until-end', 'stop at the records that were the last at the start')
    .option('--limit <count>', 'stop after this many records', positiveInteger)
    .option('--json', 'print one JSON line per record')
    .addHelpText('after', '\nThe brokers are those of TAPEDECK_KAFKA. Only whole transactions are shown.')
    .action(consume);
  withExamples(command, [
    'tapedeck consume orders',
    'tapedeck consume bars --from-beginning --until-end --json | tail -1',
    'tapedeck consume signals --from-beginning --limit 10',
  ]);
}

async function consume(topic: string, options: Options): Promise<void> {
  const config = readConfig(process.env);
  if (config.kafka === null) {
    throw new UserError('TAPEDECK_KAFKA is not set: name the brokers that the relay sends to, such as kafka-1:9092,kafka-2:9092');
  }
  const published = await openPublished(config.kafka, makeLogger('silent'), systemTime);
  const { fromBeginning = false, untilEnd = false, limit = Number.POSITIVE_INFINITY } = options;
  const json = wantsJson(options);
  const order = new PublishedOrder(fromBeginning && (await published.isWhole(topic)));
  await published.consume(topic, {
    isFromBeginning: fromBeginning,
    isUntilEnd: untilEnd,
    signal: stopSignal(systemTime, config.isWithinNpm),
    onRecords: (records) => {
      for (const record of records) {
        if (order.summary.records >= limit) return false;
        const found = order.see(record);
        write(json ? JSON.stringify(jsonOf(record)) : cut(lineOf(record), terminalWidth()));
        if (found !== null) write(json ? JSON.stringify({ break: found }) : sentenceOf(found));
      }
      return order.summary.records < limit;
    },
  });
  const { summary } = order;
  write(json ? JSON.stringify({ summary }) : endingOf(summary));
  if (summary.breaks > 0) process.exitCode = 1;
}

function write(line: string): void {
  printLines([line]);
}

/** With or without what comes before the last point: `bars`, `tapedeck.bars`. */
function topicOf(text: string): string {
  const topic = text.slice(text.lastIndexOf('.') + 1);
  if (TOPICS.includes(topic)) return topic;
  throw new InvalidArgumentError(`There is no topic "${text}"; the topics are ${TOPICS.join(', ')}.`);
}

function jsonOf({ partition, offset, key, value, headers }: PublishedRecord): object {
  return { partition, offset, key, headers, event: parsed(value) };
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function lineOf({ partition, offset, key, value, headers }: PublishedRecord): string {
  const event = parsed(value) as { readonly data?: unknown; readonly metadata?: { readonly occurredAt?: string } } | null;
  const place = `${partition}/${offset}`.padEnd(10);
  const what = `${headers[HEADER.type] ?? '?'}`.padEnd(20);
  const stream = `${headers[HEADER.stream] ?? '?'}@${headers[HEADER.revision] ?? '?'}`;
  return `${place}  ${event?.metadata?.occurredAt ?? ''}  ${what}  ${key}  ${stream}  ${JSON.stringify(event?.data)}`;
}

const MEANING: Readonly<Record<PublishedBreak['kind'], string>> = {
  gap: 'something is missing before it',
  double: 'it came before',
  disorder: 'it comes late or again',
  moved: 'its stream was on another partition before',
  foreign: 'the relay did not write it',
};

function sentenceOf({ kind, stream, revision, expected, partition, offset }: PublishedBreak): string {
  const where = `partition ${partition}, offset ${offset}`;
  if (stream === null || revision === null) return `BREAK at ${where}: ${MEANING[kind]}`;
  return `BREAK at ${where}: ${MEANING[kind]}: ${stream} is at revision ${revision}, ${expected} had to come`;
}

function endingOf({ records, streams, breaks }: PublishedOrder['summary']): string {
  const found = breaks === 0 ? 'no gap, double or disorder' : `${breaks} ${breaks === 1 ? 'break' : 'breaks'}`;
  return `${records} records of ${streams} streams: ${found}`;
}
