/** A consumer of all that is published, as others would write one: of transactions it sees those that are whole. */

import { randomUUID } from 'node:crypto';
import type { Consumer, Kafka } from 'kafkajs';
import { parseKafkaAddress } from '../../src/adapters/kafka/address.ts';
import { HEADER, TOPICS } from '../../src/tape/publication.ts';
import type { SentRecord } from '../support/digests.ts';
import { clientOf } from './kafka/client.ts';

const END = 'the end';

export class PublishedConsumer {
  readonly #kafka: Kafka;
  readonly #consumer: Consumer;
  readonly #prefix: string;
  /** By topic, partition and offset: what is handed over again after a restart is the same record. */
  readonly #records = new Map<string, SentRecord>();
  readonly #ends = new Set<string>();

  private constructor(kafka: Kafka, prefix: string) {
    this.#kafka = kafka;
    this.#prefix = prefix;
    this.#consumer = kafka.consumer({ groupId: `test-${randomUUID()}`, readUncommitted: false, maxWaitTimeInMs: 100 });
  }

  /** Reads every topic of that address, which names their prefix, from its beginning. The topics must be there. */
  static async start(address: string): Promise<PublishedConsumer> {
    const consumer = new PublishedConsumer(clientOf(address), parseKafkaAddress(address).prefix);
    try {
      await consumer.#read();
    } catch (error) {
      await consumer.close();
      throw error;
    }
    return consumer;
  }

  /** In the order of each partition. */
  get records(): SentRecord[] {
    return [...this.#records.values()];
  }

  /** Has it read to where `markEnd` put its marks? */
  isAtEnd(marks: number): boolean {
    return this.#ends.size >= marks;
  }

  /** Puts a mark at the end of every partition, and returns how many. Nobody may publish any more. */
  async markEnd(): Promise<number> {
    const [admin, producer] = [this.#kafka.admin(), this.#kafka.producer()];
    await Promise.all([admin.connect(), producer.connect()]);
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: this.#topics() });
      const topicMessages = topics.map(({ name, partitions }) => ({
        topic: name,
        messages: partitions.map(({ partitionId }) => ({ partition: partitionId, value: END })),
      }));
      await producer.sendBatch({ topicMessages });
      return topics.reduce((sum, { partitions }) => sum + partitions.length, 0);
    } finally {
      await Promise.all([admin.disconnect(), producer.disconnect()]);
    }
  }

  async close(): Promise<void> {
    await this.#consumer.disconnect();
  }

  #topics(): string[] {
    return TOPICS.map((topic) => `${this.#prefix}.${topic}`);
  }

  async #read(): Promise<void> {
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: this.#topics(), fromBeginning: true });
    await this.#consumer.run({
      autoCommit: false,
      eachMessage: async ({ topic, partition, message }) => {
        const value = message.value?.toString() ?? '';
        const place = `${topic}/${partition}/${message.offset}`;
        if (value === END) {
          this.#ends.add(place);
          return;
        }
        const headers = Object.fromEntries(Object.entries(message.headers ?? {}).map(([name, header]) => [name, String(header)]));
        if (headers[HEADER.id] === undefined) throw new Error(`${place} has no header ${HEADER.id}`);
        const key = message.key?.toString() ?? '';
        this.#records.set(place, { topic: topic.slice(this.#prefix.length + 1), key, value, headers });
      },
    });
  }
}
