/**
 * The checkpoint topic: one record in each transaction of the relay says how far it comes. Whoever opens a session
 * first commits a record that names it, which shuts all earlier ones out; what stands before that record is final.
 */

import type { Admin, Consumer, Kafka } from 'kafkajs';
import type { Time } from '../../ports/clock.ts';
import { StoreError } from '../../ports/errors.ts';
import type { PublishedPosition } from '../../ports/publisher.ts';
import type { KafkaAddress } from './address.ts';
import { whenSettled } from './client.ts';
import { checkpointTopic } from './topics.ts';

export const OPENED_KEY = 'opened';
const POSITION_KEY = 'position';

/** Offsets that are looked at first, from the end; a hundred times more when there is no position among them. */
const FIRST_LOOK = 200n;
const LOOK_FACTOR = 100n;

export interface Checkpoint extends PublishedPosition {
  /** Of every topic with events, when it was published: a key must not move. */
  readonly partitions: number;
}

export function checkpointMessage(checkpoint: Checkpoint) {
  return { key: POSITION_KEY, value: JSON.stringify(checkpoint), partition: 0 };
}

/** The last checkpoint before the record of the session `opened`, which is there; null when there is none. */
export async function readCheckpoint(
  time: Time,
  kafka: Kafka,
  admin: Admin,
  address: KafkaAddress,
  opened: string,
  givenUp: AbortSignal,
): Promise<Checkpoint | null> {
  const topic = checkpointTopic(address);
  const [offsets] = await whenSettled(time, () => admin.fetchTopicOffsets(topic));
  if (offsets === undefined) throw new Error(`topic "${topic}" has no partition`);
  const groupId = `${address.prefix}-relay-checkpoint-${time.uuid()}`;
  const consumer = kafka.consumer({ groupId, readUncommitted: false, allowAutoTopicCreation: false, maxWaitTimeInMs: 50 });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    return await Promise.race([
      lastBefore(consumer, topic, opened, BigInt(offsets.low), BigInt(offsets.high)),
      rejectionOf(givenUp),
    ]);
  } finally {
    await consumer.disconnect();
    // It is gone by itself after a while, too.
    await admin.deleteGroups([groupId]).catch(() => undefined);
  }
}

/** Without it a consumer that is never handed what it waits for would read on for ever. */
function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

async function lastBefore(
  consumer: Consumer,
  topic: string,
  opened: string,
  low: bigint,
  high: bigint,
): Promise<Checkpoint | null> {
  const far = (look: bigint): bigint => (high - look > low ? high - look : low);
  let look = FIRST_LOOK;
  let last: { readonly offset: bigint; readonly value: string } | null = null;
  return new Promise((resolve, reject) => {
    const seek = (): void => consumer.seek({ topic, partition: 0, offset: String(far(look)) });
    // Thrown within a batch it would be tried again, and then be told as the client's.
    const settle = (text: string): void => {
      try {
        resolve(parseCheckpoint(topic, text));
      } catch (error) {
        reject(error);
      }
    };
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    consumer
      .run({
        autoCommit: false,
        eachBatch: async ({ batch }) => {
          for (const { offset, key, value } of batch.messages) {
            const at = BigInt(offset);
            if (key?.toString() === POSITION_KEY && at >= far(look)) last = { offset: at, value: String(value) };
            if (key?.toString() !== OPENED_KEY || value?.toString() !== opened) continue;
            if (last !== null) return settle(last.value);
            if (far(look) === low) return resolve(null);
            look *= LOOK_FACTOR;
            return seek();
          }
        },
      })
      .then(() => {
        if (far(look) > low) seek();
      })
      // Also from a seek after the end, when it no longer matters.
      .catch(reject);
  });
}

function parseCheckpoint(topic: string, text: string): Checkpoint {
  try {
    const { tape, position, partitions } = JSON.parse(text) as Partial<Checkpoint>;
    if (typeof tape === 'string' && typeof position === 'string' && typeof partitions === 'number') {
      return { tape, position, partitions };
    }
  } catch {
    // Told below.
  }
  throw new StoreError(
    `topic "${topic}" holds a record that is no checkpoint: somebody else writes to it; publish under another prefix, or remove that writer`,
  );
}
