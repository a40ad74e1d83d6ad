/** A Kafka for the tests of one file: at TAPEDECK_TEST_KAFKA, or else a local program. */

import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll } from 'vitest';
import { openPublished } from '../../../src/adapters/open.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import type { PublishedRecord } from '../../../src/ports/publisher.ts';
import { topicsAt } from '../addresses.ts';
import { type LocalKafka, startLocalKafka } from './local-kafka.ts';

export const NOT_OURS = 'the broker at TAPEDECK_TEST_KAFKA is not ours to end';
export const silent = pino({ level: 'silent' });

export interface GivenKafka {
  /** Of the brokers, once the tests run. */
  readonly address: () => string;
  /** That address with a prefix that nobody else uses, and the options given. */
  readonly place: (options?: Readonly<Record<string, string>>) => string;
  /** The broker, where it is ours to kill; undefined where an address was given. */
  readonly local: () => LocalKafka | undefined;
}

export function givenKafka(): GivenKafka {
  const given = process.env.TAPEDECK_TEST_KAFKA;
  let local: LocalKafka | undefined;
  beforeAll(async () => {
    if (given === undefined || given === '') local = await startLocalKafka();
  });
  afterAll(async () => {
    await local?.stop();
  });
  const address = (): string => local?.address ?? given ?? '';
  return {
    address,
    place: (options = {}) => topicsAt(address(), `test-${randomUUID().slice(0, 8)}`, options),
    local: () => local,
  };
}

/** Everything on a topic, as a consumer of committed transactions sees it. */
export async function recordsOn(address: string, topic: string): Promise<readonly PublishedRecord[]> {
  const records: PublishedRecord[] = [];
  await (await openPublished(address, silent, systemTime)).consume(topic, {
    isFromBeginning: true,
    isUntilEnd: true,
    signal: new AbortController().signal,
    onRecords: (batch) => {
      records.push(...batch);
      return true;
    },
  });
  return records;
}

/** The values of a topic by key, in order. */
export async function valuesOn(address: string, topic: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const values = new Map<string, string[]>();
  for (const { key, value } of await recordsOn(address, topic)) values.set(key, [...(values.get(key) ?? []), value]);
  return values;
}
