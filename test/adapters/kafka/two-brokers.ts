/** The client's own way to send within a transaction, to two brokers of which one leads partition 0, the other 1. */

import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Message, RecordMetadata, Transaction } from 'kafkajs';

// biome-ignore lint/suspicious/noExplicitAny: the client has no types for what is inside it.
type Inside = any;

const inside = createRequire(import.meta.url);
const makeSend: Inside = inside('kafkajs/src/producer/sendMessages');
const makeManager: Inside = inside('kafkajs/src/producer/eosManager');
const makeRetrier: Inside = inside('kafkajs/src/retry');

const LOGGER = { debug() {}, error() {} };
const ANSWER_MS = 30;

interface ProducedTopic {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly messages: readonly Message[] }[];
}

export class TwoBrokers {
  /** Values, as often as they were written under a number that was not there yet. */
  readonly written: string[] = [];
  refused = 0;
  #asked = 0;

  readonly #brokers = [0, 1].map((nodeId) => ({
    nodeId,
    produce: ({ topicData }: { readonly topicData: readonly ProducedTopic[] }) => this.#produce(topicData),
  }));

  /** Its first partition is refused for a moment, as it is after a commit. */
  async transaction(): Promise<Pick<Transaction, 'send'>> {
    const cluster = this.#cluster();
    const eosManager = makeManager({
      logger: LOGGER,
      cluster,
      transactional: true,
      transactionalId: 't-relay',
      transactionTimeout: 60_000,
    });
    await eosManager.initProducerId();
    eosManager.beginTransaction();
    const send: Inside = makeSend({
      logger: LOGGER,
      cluster,
      eosManager,
      partitioner: ({ message }: { readonly message: Message }) => message.partition,
      retrier: makeRetrier({ initialRetryTime: 5, factor: 0, retries: 20 }),
    });
    return { send: ({ topic, messages, acks }) => send({ acks, topicMessages: [{ topic, messages }] }) };
  }

  #cluster(): object {
    const coordinator = {
      initProducerId: async () => ({ producerId: 1, producerEpoch: 0 }),
      addPartitionsToTxn: async () => {
        if (this.#asked++ > 0) return;
        this.refused++;
        throw Object.assign(new Error('not yet'), {
          name: 'KafkaJSProtocolError',
          type: 'CONCURRENT_TRANSACTIONS',
          retriable: true,
        });
      },
    };
    return {
      isConnected: () => true,
      addMultipleTargetTopics: async () => {},
      refreshMetadata: async () => {},
      refreshMetadataIfNecessary: async () => {},
      findGroupCoordinator: async () => coordinator,
      findTopicPartitionMetadata: () => [{ partitionId: 0 }, { partitionId: 1 }],
      findLeaderForPartitions: (_topic: string, partitions: readonly string[]) =>
        Object.fromEntries(partitions.map((partition) => [partition, [Number(partition)]])),
      findBroker: async ({ nodeId }: { readonly nodeId: string }) => this.#brokers[Number(nodeId)],
    };
  }

  async #produce(topicData: readonly ProducedTopic[]) {
    await sleep(ANSWER_MS);
    for (const { partitions } of topicData) {
      for (const { messages } of partitions) this.written.push(...messages.map(({ value }) => String(value)));
    }
    const answered = ({ partition }: { readonly partition: number }): Omit<RecordMetadata, 'topicName'> => ({
      partition,
      errorCode: 0,
      baseOffset: '0',
    });
    return { topics: topicData.map(({ topic, partitions }) => ({ topicName: topic, partitions: partitions.map(answered) })) };
  }
}
