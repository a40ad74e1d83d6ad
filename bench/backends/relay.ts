import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { openEventStore, openPublisher } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { makeLogger } from '../../src/logging.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { eventsOf } from '../../src/ports/pages.ts';
import { startRelay } from '../../src/runtime/relay/relay.ts';
import { type Publication, publicationBytes, publicationOf } from '../../src/tape/publication.ts';
import { startLocalKafka } from '../../test/backends/kafka/local-kafka.ts';
import { recordedTape } from '../recorded-tape.ts';
import { type Outcome, perSecond, type Row, serially, timed } from '../row.ts';

const ROUNDS = 5;
/** What a broker is sent at once: one partition may get all of it, and takes 1 MiB. */
const SEND_BYTES = 768 * 1024;
const RETRY = { initialRetryTime: 5, retries: 20, factor: 0.2, multiplier: 1.5 };
const log = makeLogger('silent');

export const relay: Row = {
  name: 'relay',
  path: 'relay to Kafka',
  async run(): Promise<Outcome[]> {
    const kafka = await startLocalKafka();
    const tape = await openEventStore(`sqlite:${await recordedTape()}`, systemTime);
    try {
      const publications = await publicationsOf(tape);
      const { batches } = await relayAll(kafka.address, tape);
      const { raw, ours, ratio } = await serially(
        ROUNDS,
        () => publishBare(kafka.address, publications, batches),
        async () => (await relayAll(kafka.address, tape)).ms,
      );
      const most = Math.max(...batches);
      return [
        {
          what: `events from the tape onto Kafka, against a bare transactional producer with the same ${batches.length} batches of up to ${most}, ready as they are`,
          measured: perSecond(publications.length, ours),
          raw: perSecond(publications.length, raw),
          value: ratio,
          bound: 0.5,
          atLeast: true,
          unit: 'x',
        },
      ];
    } finally {
      await tape.close();
      await kafka.stop();
    }
  },
};

const newPlace = (brokers: string): string => `kafka://${brokers}?prefix=bench-${randomUUID().slice(0, 8)}`;

function publicationsOf(tape: EventStore): Promise<Publication[]> {
  return Array.fromAsync(eventsOf(tape, {}), publicationOf);
}

/** From the first event to the last, the opening of the session not counted. */
async function relayAll(brokers: string, events: EventStore): Promise<{ ms: number; batches: number[] }> {
  const head = await events.head();
  const publisher = await openPublisher(newPlace(brokers), log, systemTime);
  const batches: number[] = [];
  const times = { began: 0, ended: 0 };
  await new Promise<void>((resolve, reject) => {
    const started = startRelay({
      events,
      publisher,
      time: systemTime,
      log,
      onState: (state) => {
        if (state === 'relaying') times.began = performance.now();
      },
      onPublished: (count) => {
        batches.push(count);
        times.ended = performance.now();
        if (started.progress().position === head) started.close().then(resolve, reject);
      },
    });
    started.ended.catch(reject);
  });
  return { ms: times.ended - times.began, batches };
}

/** The same records in the same transactions, to topics of the same shape, and nothing else. */
async function publishBare(brokers: string, publications: readonly Publication[], batches: readonly number[]): Promise<number> {
  const place = newPlace(brokers);
  await (await (await openPublisher(place, log, systemTime)).open(new AbortController().signal)).close();
  const prefix = new URL(place).searchParams.get('prefix') as string;
  const client = new kafkajs.Kafka({ brokers: [brokers], logLevel: kafkajs.logLevel.NOTHING });
  const producer = client.producer({
    transactionalId: `${prefix}-bare`,
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    retry: RETRY,
  });
  await producer.connect();
  const left = [...publications];
  const transactions = batches.map((count) => sendsOf(prefix, left.splice(0, count)));
  await (await producer.transaction()).abort();
  const took = await timed(async () => {
    for (const sends of transactions) {
      const transaction = await producer.transaction();
      for (const topicMessages of sends) await transaction.sendBatch({ acks: -1, topicMessages });
      await transaction.commit();
    }
  });
  await producer.disconnect();
  return took;
}

function sendsOf(prefix: string, batch: readonly Publication[]) {
  const sends: Publication[][] = [[]];
  let bytes = 0;
  for (const publication of batch) {
    const size = publicationBytes(publication);
    if (bytes > 0 && bytes + size > SEND_BYTES) {
      sends.push([]);
      bytes = 0;
    }
    bytes += size;
    sends.at(-1)?.push(publication);
  }
  return sends.map((some) =>
    [...Map.groupBy(some, ({ topic }) => topic)].map(([topic, messages]) => ({
      topic: `${prefix}.${topic}`,
      messages: messages.map(({ key, value, headers }) => ({ key, value, headers })),
    })),
  );
}
