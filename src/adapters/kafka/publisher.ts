/**
 * Publishes on Kafka. One transactional producer; every transaction holds a batch and the record of how far it comes.
 * After any error the session is dead: what became of its last transaction is read by the next, once this one is shut out.
 */

import kafkajs, { type Kafka, type Producer } from 'kafkajs';
import type { Logger } from 'pino';
import type { Time } from '../../ports/clock.ts';
import { StoreError } from '../../ports/errors.ts';
import type { PublishedPosition, Publisher, PublisherSession } from '../../ports/publisher.ts';
import { type Publication, publicationBytes, TOPICS } from '../../tape/publication.ts';
import { type KafkaAddress, parseKafkaAddress } from './address.ts';
import { type Checkpoint, checkpointMessage, OPENED_KEY, readCheckpoint } from './checkpoint.ts';
import { inTime, makeClient, ourError } from './client.ts';
import { type PlacedMessage, sendWhole } from './send.ts';
import { checkpointTopic, ensureTopics, topicName } from './topics.ts';

/** Everything that a broker is sent at once; a partition takes 1 MiB, with what the format adds. */
const MAX_SEND_BYTES = 768 * 1024;

const OPEN_MS = 60_000;
const PUBLISH_MS = 60_000;
const CLOSE_MS = 5_000;
/** The brokers abort a transaction that takes longer, as if its producer were dead. */
const TRANSACTION_MS = 60_000;

/**
 * After a commit the brokers answer the next transaction with CONCURRENT_TRANSACTIONS for some milliseconds; waiting
 * the client's usual 300 ms for that costs nine tenths of the throughput.
 */
const RETRY = { initialRetryTime: 5, maxRetryTime: 500, retries: 20, factor: 0.2, multiplier: 1.5 };

/** A publisher on the brokers of that address. Throws StoreError for an address that cannot be used; connects to nothing yet. */
export function openKafkaPublisher(addressText: string, log: Logger, time: Time): Publisher {
  const address = parseKafkaAddress(addressText);
  return { open: (signal) => openSession(address, log, time, signal) };
}

async function openSession(address: KafkaAddress, log: Logger, time: Time, signal: AbortSignal): Promise<PublisherSession> {
  const kafka = makeClient(address, log, time);
  const producer = kafka.producer({
    transactionalId: `${address.prefix}-relay`,
    idempotent: true,
    maxInFlightRequests: 1,
    transactionTimeout: TRANSACTION_MS,
    allowAutoTopicCreation: false,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    retry: RETRY,
  });
  const givenUp = new AbortController();
  const preparing = prepare(time, kafka, producer, address, givenUp.signal);
  try {
    const checkpoint = await inTime(time, OPEN_MS, 'opening', preparing, signal);
    assertSamePartitions(checkpoint, address);
    return new KafkaSession(time, producer, address, checkpoint);
  } catch (error) {
    givenUp.abort();
    const disconnect = (): Promise<void> => producer.disconnect().catch(() => undefined);
    void disconnect();
    // What was under way may have connected once more.
    void preparing.then(disconnect, disconnect);
    throw ourError(error, address, 'opening the relay');
  }
}

/**
 * The order matters: shut out every earlier session, and only then read what they published. Once it was given up it
 * shuts out nobody, for a later session may be at work by then.
 */
async function prepare(
  time: Time,
  kafka: Kafka,
  producer: Producer,
  address: KafkaAddress,
  givenUp: AbortSignal,
): Promise<Checkpoint | null> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    await ensureTopics(time, admin, address, TOPICS);
    givenUp.throwIfAborted();
    await producer.connect();
    givenUp.throwIfAborted();
    const opened = time.uuid();
    const transaction = await producer.transaction();
    await transaction.send({
      topic: checkpointTopic(address),
      messages: [{ key: OPENED_KEY, value: opened, partition: 0 }],
    });
    await transaction.commit();
    return await readCheckpoint(time, kafka, admin, address, opened, givenUp);
  } finally {
    await admin.disconnect();
  }
}

function assertSamePartitions(checkpoint: Checkpoint | null, { prefix, partitions }: KafkaAddress): void {
  if (checkpoint === null || checkpoint.partitions === partitions) return;
  throw new StoreError(
    `"${prefix}.*" was published on ${checkpoint.partitions} partitions a topic, and now there are ${partitions}: keys have moved, and the order within a stream is lost; publish under another prefix (TAPEDECK_KAFKA=...?prefix=NAME)`,
  );
}

type Partitioner = ReturnType<typeof kafkajs.Partitioners.DefaultPartitioner>;

class KafkaSession implements PublisherSession {
  readonly published: PublishedPosition | null;
  readonly #time: Time;
  readonly #producer: Producer;
  readonly #address: KafkaAddress;
  readonly #partitionOf: Partitioner = kafkajs.Partitioners.DefaultPartitioner();
  readonly #partitions: { readonly partitionId: number }[];
  #isDead = false;

  constructor(time: Time, producer: Producer, address: KafkaAddress, checkpoint: Checkpoint | null) {
    this.#time = time;
    this.#producer = producer;
    this.#address = address;
    this.published = checkpoint === null ? null : { tape: checkpoint.tape, position: checkpoint.position };
    this.#partitions = Array.from({ length: address.partitions }, (_, partitionId) => ({ partitionId }));
  }

  async publish(batch: readonly Publication[], reached: PublishedPosition): Promise<void> {
    if (this.#isDead) throw new Error('this session is dead: open another');
    // Until the transaction is known to be committed: nothing may follow one of which that is not known.
    this.#isDead = true;
    try {
      await inTime(this.#time, PUBLISH_MS, 'a transaction', this.#transact(batch, reached));
    } catch (error) {
      throw ourError(error, this.#address, 'publishing');
    }
    this.#isDead = false;
  }

  async close(): Promise<void> {
    this.#isDead = true;
    await inTime(this.#time, CLOSE_MS, 'disconnecting from Kafka', this.#producer.disconnect());
  }

  async #transact(batch: readonly Publication[], { tape, position }: PublishedPosition): Promise<void> {
    const transaction = await this.#producer.transaction();
    const checkpoint = checkpointMessage({ tape, position, partitions: this.#address.partitions });
    const parts = splitBySize(batch);
    for (const [index, part] of parts.entries()) {
      const topics = this.#byTopic(part);
      if (index === parts.length - 1) topics.set(checkpointTopic(this.#address), [checkpoint]);
      await sendWhole(transaction, topics);
    }
    await transaction.commit();
  }

  #byTopic(batch: readonly Publication[]): Map<string, PlacedMessage[]> {
    const topics = new Map<string, PlacedMessage[]>();
    for (const { topic, key, value, headers } of batch) {
      const name = topicName(this.#address, topic);
      const partition = this.#partition(name, key);
      const message = { key, value, headers, partition };
      const messages = topics.get(name);
      if (messages === undefined) topics.set(name, [message]);
      else messages.push(message);
    }
    return topics;
  }

  /** As every client of Kafka places a key. */
  #partition(topic: string, key: string): number {
    const partitionMetadata = this.#partitions as unknown as Parameters<Partitioner>[0]['partitionMetadata'];
    return this.#partitionOf({ topic, partitionMetadata, message: { key, value: null } });
  }
}

function splitBySize(batch: readonly Publication[]): Publication[][] {
  const parts: Publication[][] = [];
  let part: Publication[] = [];
  let bytes = 0;
  for (const publication of batch) {
    const size = publicationBytes(publication);
    if (part.length > 0 && bytes + size > MAX_SEND_BYTES) {
      parts.push(part);
      part = [];
      bytes = 0;
    }
    part.push(publication);
    bytes += size;
  }
  parts.push(part);
  return parts;
}
