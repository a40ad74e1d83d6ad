import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openPublished, openPublisher } from '../../../src/adapters/open.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { StoreError, StoreUnavailableError } from '../../../src/ports/errors.ts';
import { FencedError, type PublisherSession } from '../../../src/ports/publisher.ts';
import { publication, publisherContract } from '../../contracts/publisher.ts';
import { clientOf } from './client.ts';
import { givenKafka, NOT_OURS, recordsOn, silent, valuesOn } from './given-kafka.ts';

const kafka = givenKafka();
let admin: Admin;

beforeAll(async () => {
  admin = clientOf(kafka.address()).admin();
  await admin.connect();
});
afterAll(() => admin.disconnect());

const open = async (place: string): Promise<PublisherSession> =>
  (await openPublisher(place, silent, systemTime)).open(new AbortController().signal);
const prefixOf = (place: string): string => new URL(place).searchParams.get('prefix') as string;
const at = (position: number) => ({ tape: 'a tape', position: String(position) });

publisherContract('Kafka', async () => {
  const place = kafka.place();
  return { publisher: await openPublisher(place, silent, systemTime), valuesOf: (topic) => valuesOn(place, topic) };
});

describe('the publisher on Kafka', () => {
  it('makes its topics as the address says, and a checkpoint topic that is compacted', async () => {
    const place = kafka.place({ partitions: '3', replication: '1', 'min-insync': '1' });
    await (await open(place)).close();
    const prefix = prefixOf(place);
    const topics = (await admin.listTopics()).filter((name) => name.startsWith(`${prefix}.`)).sort();
    const names = [
      'accounts',
      'bars',
      'depth',
      'engine',
      'feeds',
      'orders',
      'relay-checkpoint',
      'reports',
      'requests',
      'settings',
      'signals',
    ];
    expect(topics).toEqual(names.map((name) => `${prefix}.${name}`));
    const { topics: routeSchema } = await admin.fetchTopicMetadata({ topics });
    for (const { name, partitions } of routeSchema) {
      expect([name, partitions.length]).toEqual([name, name.endsWith('relay-checkpoint') ? 1 : 3]);
    }
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: topics.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
    });
    for (const { resourceName, configEntries } of resources) {
      const policy = configEntries.find(({ configName }) => configName === 'cleanup.policy')?.configValue;
      expect([resourceName, policy]).toEqual([resourceName, resourceName.endsWith('checkpoint') ? 'compact' : 'delete']);
    }
  });

  it.each<[string, { numPartitions?: number; cleanup?: string; bytes?: string }, Record<string, string>, RegExp]>([
    ['other partitions', { numPartitions: 4 }, {}, /orders" has 4 partitions, not 6: if it was made with 4, say partitions=4/],
    ['compaction', { cleanup: 'compact' }, {}, /orders" has cleanup.policy "compact", and "delete" is needed/],
    ['records that are too small', { bytes: '1000' }, {}, /orders" has max.message.bytes=1000, and at least 1048588/],
    [
      'too few copies in step',
      {},
      { 'min-insync': '2', replication: '' },
      /orders" has min.insync.replicas=1, and at least 2 is needed: kafka-configs.sh/,
    ],
    ['too few copies', {}, { replication: '3' }, /orders" has 1 copies of a partition.*replication=1/],
  ])('refuses a topic with %s, and says what to do', async (_what, { numPartitions = 6, cleanup, bytes }, options, message) => {
    const place = kafka.place(options);
    const config = { ...(cleanup && { 'cleanup.policy': cleanup }), ...(bytes && { 'max.message.bytes': bytes }) };
    const prefix = prefixOf(place);
    await admin.createTopics({
      waitForLeaders: false,
      topics: [
        {
          topic: `${prefix}.orders`,
          numPartitions,
          configEntries: Object.entries(config).map(([name, value]) => ({ name, value: value as string })),
        },
      ],
    });
    await expect.poll(() => admin.listTopics()).toContain(`${prefix}.orders`);
    const refusal = open(place);
    await expect(refusal).rejects.toThrow(StoreError);
    await expect(refusal).rejects.toThrow(message);
    expect((await admin.listTopics()).filter((topic) => topic.startsWith(`${prefix}.`))).toEqual([`${prefix}.orders`]);
  });

  it('says that there are too few brokers for the copies asked for, and goes on when there are more', async () => {
    const opening = open(kafka.place({ replication: '3' }));
    await expect(opening).rejects.toThrow(StoreUnavailableError);
    await expect(opening).rejects.toThrow(/cannot be made: .*are there as many brokers as TAPEDECK_KAFKA says/);
  });

  it('refuses to go on where a topic was published on another number of partitions', async () => {
    const place = kafka.place({ partitions: '2' });
    const session = await open(place);
    await session.publish([publication(0)], at(1));
    await session.close();
    const topics = (await admin.listTopics()).filter(
      (name) => name.startsWith(`${prefixOf(place)}.`) && !name.endsWith('checkpoint'),
    );
    await admin.createPartitions({ topicPartitions: topics.map((topic) => ({ topic, count: 4 })) });
    await vi.waitFor(async () => {
      const { topics: known } = await admin.fetchTopicMetadata({ topics });
      expect(known.map(({ partitions }) => partitions.length)).toEqual(topics.map(() => 4));
    }, 30_000);
    await expect(open(place.replace('partitions=2', 'partitions=4'))).rejects.toThrow(
      /was published on 2 partitions a topic, and now there are 4/,
    );
  });

  it('refuses a checkpoint that somebody else wrote, at once', async () => {
    const place = kafka.place();
    await (await open(place)).close();
    const client = clientOf(kafka.address());
    const stranger = client.producer({ allowAutoTopicCreation: false });
    await stranger.connect();
    await stranger.send({ topic: `${prefixOf(place)}.relay-checkpoint`, messages: [{ key: 'position', value: 'mine' }] });
    await stranger.disconnect();
    const opening = open(place);
    await expect(opening).rejects.toThrow(StoreError);
    await expect(opening).rejects.toThrow(/relay-checkpoint" holds a record that is no checkpoint: somebody else writes to it/);
  });

  it('gives every record its headers, and places keys as other clients do', async () => {
    const place = kafka.place();
    const session = await open(place);
    await session.publish([publication(7, 'paper-1')], at(1));
    await session.close();
    const [record] = await recordsOn(place, 'orders');
    expect(record).toMatchObject({ key: 'paper-1', value: '7', headers: { stream: 'order-paper-1', revision: '7' } });
    const partitionMetadata = Array.from({ length: 6 }, (_, partitionId) => ({ partitionId })) as never;
    const topic = `${prefixOf(place)}.orders`;
    const placed = kafkajs.Partitioners.DefaultPartitioner()({
      topic,
      partitionMetadata,
      message: { key: 'paper-1', value: null },
    });
    expect(record?.partition).toBe(placed);
  });

  it('shuts nobody out by an opening that was given up', async () => {
    const place = kafka.place();
    const session = await open(place);
    const publisher = await openPublisher(place, silent, systemTime);
    await expect(publisher.open(AbortSignal.abort())).rejects.toThrow('opening was given up');
    // As long as it would take.
    await sleep(2_000);
    await session.publish([publication(0)], at(1));
    await session.close();
  });

  it('shows nothing of a transaction that its producer did not live to commit', async () => {
    const place = kafka.place();
    const client = clientOf(kafka.address());
    const session = await open(place);
    await session.publish([publication(0)], at(1));
    const dying = client.producer({ transactionalId: `${prefixOf(place)}-relay`, idempotent: true, maxInFlightRequests: 1 });
    await dying.connect();
    const transaction = await dying.transaction();
    await transaction.send({ topic: `${prefixOf(place)}.orders`, messages: [{ key: 'a', value: '1' }] });
    await transaction.send({
      topic: `${prefixOf(place)}.relay-checkpoint`,
      messages: [{ key: 'position', value: 'never committed' }],
    });
    const next = await open(place);
    expect(next.published).toEqual(at(1));
    await expect(transaction.commit()).rejects.toThrow();
    await next.publish([publication(1)], at(2));
    expect(await valuesOn(place, 'orders')).toEqual(new Map([['a', ['0', '1']]]));
    await expect(session.publish([publication(1)], at(2))).rejects.toThrow(FencedError);
    await dying.disconnect();
    await next.close();
  });

  it('says that nobody answers, and can be given up, where there are no brokers', async () => {
    await expect(open('kafka://127.0.0.1:1?prefix=nobody')).rejects.toThrow(StoreUnavailableError);
    const silentServer = createServer(() => {});
    await new Promise<void>((resolve) => {
      silentServer.listen(0, '127.0.0.1', resolve);
    });
    const { port } = silentServer.address() as { port: number };
    const giveUp = new AbortController();
    const publisher = await openPublisher(`127.0.0.1:${port}`, silent, systemTime);
    const opening = publisher.open(giveUp.signal);
    giveUp.abort();
    await expect(opening).rejects.toThrow(/was given up/);
    silentServer.close();
  });

  it('survives a broker that dies in the middle and comes back', async ({ skip }) => {
    const broker = kafka.local() ?? skip(NOT_OURS);
    const place = kafka.place();
    let session = await open(place);
    await session.publish([publication(0)], at(1));
    await broker.kill();
    await expect(session.publish([publication(1)], at(2))).rejects.toThrow();
    await session.close().catch(() => {});
    await broker.restart();
    session = await open(place);
    const from = Number(session.published?.position);
    for (let number = from; number < 5; number++) await session.publish([publication(number)], at(number + 1));
    expect(await valuesOn(place, 'orders')).toEqual(new Map([['a', ['0', '1', '2', '3', '4']]]));
    await session.close();
  });
});

describe('a reader of what was published', () => {
  it('says where there is no such topic', async () => {
    const nowhere = await openPublished(kafka.place(), silent, systemTime);
    await expect(nowhere.isWhole('orders')).rejects.toThrow(/there is no topic/);
    await expect(recordsOn(kafka.place(), 'orders')).rejects.toThrow(/there is no topic "test-.*orders": the relay makes it/);
  });

  it('ends at once on a topic with nothing on it', async () => {
    const place = kafka.place();
    await (await open(place)).close();
    expect(await recordsOn(place, 'orders')).toEqual([]);
    expect(await (await openPublished(place, silent, systemTime)).isWhole('orders')).toBe(true);
  });
});
