/** The topics: made where there are none, and else checked, for a topic of another shape breaks what consumers rely on. */

import kafkajs, { type Admin, type ITopicConfig } from 'kafkajs';
import type { Time } from '../../ports/clock.ts';
import { StoreError } from '../../ports/errors.ts';
import type { KafkaAddress } from './address.ts';
import { whenSettled } from './client.ts';

/** The client hands a record batch of up to this much to a partition; it is also what brokers take unless told otherwise. */
const MIN_MESSAGE_BYTES = 1_048_588;
const HOUR_MS = 3_600_000;
const MADE_WITHIN_MS = 20_000;

interface Wanted {
  readonly topic: string;
  readonly partitions: number;
  readonly cleanup: 'delete' | 'compact';
}

export const checkpointTopic = ({ prefix }: KafkaAddress): string => `${prefix}.relay-checkpoint`;
export const topicName = ({ prefix }: KafkaAddress, topic: string): string => `${prefix}.${topic}`;

/** Throws StoreError for a topic that cannot be used, saying what to do. */
export async function ensureTopics(time: Time, admin: Admin, address: KafkaAddress, topics: readonly string[]): Promise<void> {
  const wanted: Wanted[] = [
    ...topics.map((topic) => ({ topic: topicName(address, topic), partitions: address.partitions, cleanup: 'delete' as const })),
    { topic: checkpointTopic(address), partitions: 1, cleanup: 'compact' },
  ];
  const there = new Set(await admin.listTopics());
  const [found, missing] = [wanted.filter(({ topic }) => there.has(topic)), wanted.filter(({ topic }) => !there.has(topic))];
  if (found.length > 0) await checkTopics(time, admin, address, found);
  if (missing.length === 0) return;
  await makeTopics(
    admin,
    missing.map((one) => configOf(one, address)),
  );
  await checkTopics(time, admin, address, missing);
}

/** Another instance may make them at the same time. */
async function makeTopics(admin: Admin, topics: ITopicConfig[]): Promise<void> {
  try {
    await admin.createTopics({ topics, waitForLeaders: false, timeout: MADE_WITHIN_MS });
  } catch (error) {
    if (!(error instanceof kafkajs.KafkaJSAggregateError)) throw error;
    const [refusal] = (error.errors as { type?: string; topic?: string; message: string }[]).filter(
      ({ type }) => type !== 'TOPIC_ALREADY_EXISTS',
    );
    if (refusal === undefined) return;
    throw new Error(`topic "${refusal.topic}" cannot be made: ${refusal.message}${hintOf(refusal)}`, { cause: refusal });
  }
}

function hintOf(error: { readonly type?: unknown }): string {
  if (error.type !== 'INVALID_REPLICATION_FACTOR') return '';
  return '; are there as many brokers as TAPEDECK_KAFKA says in replication?';
}

function configOf({ topic, partitions, cleanup }: Wanted, { replication, minInSync }: KafkaAddress): ITopicConfig {
  const entries: Record<string, string> = { 'cleanup.policy': cleanup };
  if (minInSync !== null) entries['min.insync.replicas'] = String(minInSync);
  // Only closed segments are compacted: small ones, so that the checkpoint topic stays small.
  if (cleanup === 'compact') Object.assign(entries, { 'segment.ms': String(HOUR_MS), 'segment.bytes': String(16 * 1024 * 1024) });
  return {
    topic,
    numPartitions: partitions,
    replicationFactor: replication ?? -1,
    configEntries: Object.entries(entries).map(([name, value]) => ({ name, value })),
  };
}

async function checkTopics(
  time: Time,
  admin: Admin,
  { replication, minInSync }: KafkaAddress,
  wanted: readonly Wanted[],
): Promise<void> {
  const { topics } = await whenSettled(time, () => admin.fetchTopicMetadata({ topics: wanted.map(({ topic }) => topic) }));
  const configs = await configsOf(admin, wanted);
  for (const { topic, partitions, cleanup } of wanted) {
    const found = topics.find(({ name }) => name === topic);
    const config = configs.get(topic) ?? new Map<string, string>();
    if (found === undefined) throw new StoreError(`topic "${topic}" was made, and is not there: try again`);
    if (found.partitions.length !== partitions) throw wrongPartitions(topic, found.partitions.length, partitions);
    const policy = config.get('cleanup.policy');
    if (policy !== undefined && policy !== cleanup) {
      throw new StoreError(
        `topic "${topic}" has cleanup.policy "${policy}", and "${cleanup}" is needed${cleanup === 'delete' ? ', for compaction would remove events' : ''}: kafka-configs.sh --alter --entity-type topics --entity-name ${topic} --add-config cleanup.policy=${cleanup}`,
      );
    }
    const bytes = Number(config.get('max.message.bytes') ?? MIN_MESSAGE_BYTES);
    if (bytes < MIN_MESSAGE_BYTES) throw tooSmall(topic, 'max.message.bytes', bytes, MIN_MESSAGE_BYTES);
    const inSync = Number(config.get('min.insync.replicas') ?? 1);
    if (minInSync !== null && inSync < minInSync) throw tooSmall(topic, 'min.insync.replicas', inSync, minInSync);
    const copies = Math.min(...found.partitions.map(({ replicas }) => replicas.length));
    if (replication !== null && copies < replication) {
      throw new StoreError(
        `topic "${topic}" has ${copies} copies of a partition, and TAPEDECK_KAFKA says replication=${replication}: add copies with kafka-reassign-partitions.sh, or say replication=${copies}`,
      );
    }
  }
}

function wrongPartitions(topic: string, found: number, wanted: number): StoreError {
  const otherwise =
    wanted === 1
      ? 'the order of checkpoints would be lost: remove that topic, and publish under another prefix'
      : `if it was made with ${found}, say partitions=${found} in TAPEDECK_KAFKA; if partitions were added to it, keys have moved and the order within a stream is lost: publish under another prefix`;
  return new StoreError(`topic "${topic}" has ${found} partitions, not ${wanted}: ${otherwise}`);
}

function tooSmall(topic: string, name: string, found: number, needed: number): StoreError {
  return new StoreError(
    `topic "${topic}" has ${name}=${found}, and at least ${needed} is needed: kafka-configs.sh --alter --entity-type topics --entity-name ${topic} --add-config ${name}=${needed}`,
  );
}

async function configsOf(admin: Admin, wanted: readonly Wanted[]): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: wanted.map(({ topic }) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic })),
  });
  return new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
    ]),
  );
}
