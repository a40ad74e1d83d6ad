/** Reads what was published, as any consumer can: committed transactions only, each partition in order. */

import type { Admin, Consumer, EachBatchPayload, IHeaders } from 'kafkajs';
import type { Logger } from 'pino';
import type { Time } from '../../ports/clock.ts';
import { StoreError } from '../../ports/errors.ts';
import type { ConsumeOptions, PublishedReader, PublishedRecord } from '../../ports/publisher.ts';
import { type KafkaAddress, parseKafkaAddress } from './address.ts';
import { inTime, makeClient, ourError, whenSettled } from './client.ts';
import { topicName } from './topics.ts';

const CONNECT_MS = 30_000;

/** Throws StoreError for an address that cannot be used; connects to nothing yet. */
export function openKafkaReader(addressText: string, log: Logger, time: Time): PublishedReader {
  const address = parseKafkaAddress(addressText);
  return {
    isWhole: (topic) =>
      withAdmin(address, log, time, async (admin) => isWhole(await offsetsOf(time, admin, topicName(address, topic)))),
    consume: (topic, options) => consume(address, log, time, topicName(address, topic), options),
  };
}

interface Offsets {
  readonly partition: number;
  readonly low: string;
  readonly high: string;
}

function isWhole(offsets: readonly Offsets[]): boolean {
  return offsets.every(({ low }) => low === '0');
}

async function withAdmin<T>(address: KafkaAddress, log: Logger, time: Time, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = makeClient(address, log, time).admin();
  try {
    await inTime(time, CONNECT_MS, 'connecting', admin.connect());
    return await work(admin);
  } catch (error) {
    throw ourError(error, address, 'reading');
  } finally {
    await admin.disconnect();
  }
}

async function consume(address: KafkaAddress, log: Logger, time: Time, topic: string, options: ConsumeOptions): Promise<void> {
  await withAdmin(address, log, time, async (admin) => {
    const offsets = await offsetsOf(time, admin, topic);
    const groupId = `${address.prefix}-consume-${time.uuid()}`;
    const consumer = makeClient(address, log, time).consumer({
      groupId,
      readUncommitted: false,
      allowAutoTopicCreation: false,
      maxWaitTimeInMs: 200,
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: options.isFromBeginning });
      await follow(consumer, options, new Map(offsets.map(({ partition, low, high }) => [partition, endOf(low, high, options)])));
    } finally {
      await consumer.disconnect();
      await admin.deleteGroups([groupId]).catch(() => undefined);
    }
  });
}

async function offsetsOf(time: Time, admin: Admin, topic: string): Promise<readonly Offsets[]> {
  const there = await admin.listTopics();
  if (there.includes(topic)) return whenSettled(time, () => admin.fetchTopicOffsets(topic));
  throw new StoreError(`there is no topic "${topic}": the relay makes it when it starts ("./tapedeck run" with TAPEDECK_KAFKA)`);
}

/** The offset at which a partition is read to its end; null when there is nothing to read up to. */
function endOf(low: string, high: string, { isFromBeginning }: ConsumeOptions): bigint | null {
  return isFromBeginning && low !== high ? BigInt(high) : null;
}

function follow(
  consumer: Consumer,
  { isUntilEnd, signal, onRecords }: ConsumeOptions,
  ends: ReadonlyMap<number, bigint | null>,
): Promise<void> {
  const left = new Set([...ends].filter(([, end]) => end !== null).map(([partition]) => partition));
  return new Promise((resolve, reject) => {
    if (signal.aborted || (isUntilEnd && left.size === 0)) return resolve();
    let isEnough = false;
    const stop = (): void => {
      isEnough = true;
      resolve();
    };
    signal.addEventListener('abort', stop, { once: true });
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    // Told of batches without records too: those of markers and of what was given up, with which a partition may end.
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
      const end = ends.get(partition);
      if (typeof end === 'bigint' && BigInt(lastOffset) + 1n >= end) left.delete(partition);
      if (isUntilEnd && left.size === 0) stop();
    });
    consumer
      .run({
        autoCommit: false,
        eachBatch: async ({ batch }) => {
          if (!isEnough && !onRecords(recordsOf(batch))) stop();
        },
      })
      .catch(reject);
  });
}

function recordsOf({ partition, messages }: EachBatchPayload['batch']): PublishedRecord[] {
  return messages.map(({ offset, key, value, headers }) => ({
    partition,
    offset,
    key: String(key ?? ''),
    value: String(value ?? ''),
    headers: textsOf(headers ?? {}),
  }));
}

function textsOf(headers: IHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
