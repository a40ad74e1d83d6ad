import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import kafkajs, { type RecordMetadata } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { parseKafkaAddress } from '../../../src/adapters/kafka/address.ts';
import { inTime, ourError } from '../../../src/adapters/kafka/client.ts';
import { sendWhole } from '../../../src/adapters/kafka/send.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { StoreError, StoreUnavailableError } from '../../../src/ports/errors.ts';
import { FencedError } from '../../../src/ports/publisher.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';
import { TwoBrokers } from './two-brokers.ts';

const temporary = new TemporaryFolder();

describe('the address of Kafka', () => {
  it('is brokers alone, with what is usual', () => {
    expect(parseKafkaAddress('kafka-1:9092, kafka-2:9093')).toEqual({
      brokers: ['kafka-1:9092', 'kafka-2:9093'],
      ssl: null,
      sasl: null,
      prefix: 'tapedeck',
      partitions: 6,
      replication: null,
      minInSync: null,
    });
  });

  it('says with whom, how and on which topics', () => {
    const ca = join(temporary.path, 'ca.pem');
    writeFileSync(ca, 'a certificate');
    const options = `sasl=scram-sha-512&replication=3&min-insync=2&partitions=12&prefix=desk-1&ca=${ca}`;
    expect(parseKafkaAddress(`kafka+ssl://tape%40deck:p%3Aw:x@[::1]:9093,b.example.com:1?${options}`)).toEqual({
      brokers: ['[::1]:9093', 'b.example.com:1'],
      ssl: { ca: 'a certificate' },
      sasl: { mechanism: 'scram-sha-512', username: 'tape@deck', password: 'p:w:x' },
      prefix: 'desk-1',
      partitions: 12,
      replication: 3,
      minInSync: 2,
    });
    expect(parseKafkaAddress('kafka://alice:secret@a:1').sasl).toMatchObject({ mechanism: 'plain' });
  });

  it.each([
    ['nothing', '', /not of the form host:port/],
    ['another scheme', 'http://a:1', /"http:\/\/a:1" is no broker|not of the form/],
    ['a broker without a port', 'kafka-1', /"kafka-1" is no broker: it must be host:port/],
    ['a port that is none', 'kafka-1:99999', /"kafka-1:99999" is no broker/],
    ['an empty broker', 'kafka-1:9092,', /"" is no broker/],
    ['a user without a password', 'kafka://alice@a:1', /there must be user:password/],
    ['a mechanism without a user', 'a:1?sasl=plain', /no user:password@/],
    ['a mechanism that is none', 'kafka://alice:secret@a:1?sasl=rot13', /sasl must be one of plain, scram/],
    ['a percent sign by itself', 'kafka://alice:100%@a:1', /write it as %25/],
    ['partitions that are none', 'a:1?partitions=0', /partitions must be a number from 1 to 1000/],
    ['more in step than there are', 'a:1?replication=2&min-insync=3', /nothing could ever be published/],
    ['a prefix that no topic can have', 'a:1?prefix=a%2Fb', /prefix "a\/b" must be/],
    ['a certificate without TLS', 'kafka://a:1?ca=x', /for kafka\+ssl:\/\/ only/],
    ['a certificate that is not there', 'kafka+ssl://a:1?ca=/no/such/file', /"\/no\/such\/file" cannot be read \(ENOENT\)/],
    ['a password with a question mark', 'kafka://user:pa?sSECRET@kafka:9092', /^(?!.*SECRET).*written as %40/],
    ['a password without an at sign', 'kafka://user:SECRET:kafka:9092', /^(?!.*SECRET).*is no broker/],
    ['an option that is none', 'a:1?partition=3', /"partition" is no option of it; there are prefix/],
  ])('is refused with %s', (_what, text, message) => {
    expect(() => parseKafkaAddress(text)).toThrow(StoreError);
    expect(() => parseKafkaAddress(text)).toThrow(message);
    expect(() => parseKafkaAddress(text)).toThrow(/TAPEDECK_KAFKA/);
  });

  it('never shows a password in what it refuses', () => {
    for (const text of [
      'kafka://alice:hunter2@a',
      'kafka://alice:hunter2%@a:1',
      'kafka://alice:hunter2@a:1?x=1',
      'kafka://alice:hunter2@a:1/b/c',
    ]) {
      let message = '';
      try {
        parseKafkaAddress(text);
      } catch (error) {
        message = String(error);
      }
      expect(message).toContain('TAPEDECK_KAFKA');
      expect(message).not.toContain('hunter2');
    }
  });
});

describe('an error of the brokers', () => {
  const address = parseKafkaAddress('kafka://alice:hunter2@a:1');
  const told = (facts: object, message = 'no'): Error =>
    ourError(Object.assign(new Error(message), facts), address, 'publishing');

  it.each<[string, object, new (...args: never[]) => Error, RegExp]>([
    ['that a later session is there', { type: 'INVALID_PRODUCER_EPOCH' }, FencedError, /another relay has taken over "tapedeck"/],
    ['that a password is wrong', { name: 'KafkaJSSASLAuthenticationError' }, StoreError, /user or password are refused/],
    [
      'that something is not allowed',
      { type: 'TOPIC_AUTHORIZATION_FAILED' },
      StoreError,
      /needs Describe, DescribeConfigs, Create, Write and Read on topics/,
    ],
    ['of a server that is too old', { name: 'KafkaJSServerDoesNotSupportApiKey' }, StoreError, /too old: Kafka 2\.4 or newer/],
    ['of a certificate', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, StoreError, /ca=FILE names who signed/],
    ['of a record that is too large', { type: 'MESSAGE_TOO_LARGE' }, StoreError, /max\.message\.bytes/],
    ['of a broker that is gone', { code: 'ECONNREFUSED' }, StoreUnavailableError, /Kafka at a:1: publishing: no/],
    ['that nobody knows', {}, StoreUnavailableError, /Kafka at a:1: publishing: no/],
  ])('%s is told as what it is', (_what, facts, kind, message) => {
    expect(told(facts)).toBeInstanceOf(kind);
    expect(told(facts).message).toMatch(message);
    expect(told(facts).message).not.toContain('hunter2');
    // As the client wraps them.
    const wrapped = ourError(new Error('no', { cause: Object.assign(new Error('x'), facts) }), address, 'publishing');
    expect(wrapped).toBeInstanceOf(kind);
  });

  it('that the client does not know by name yet is known by its number', () => {
    expect(told({ type: 'KAFKAJS_UNKNOWN_ERROR_CODE' }, 'Unknown error code 90')).toBeInstanceOf(FencedError);
  });
});

describe('a login', () => {
  const address = parseKafkaAddress('kafka://alice:hunter2@a:1');

  // As the client tells it where a broker stops, starts or is slow while it is at it.
  it.each([
    'SASL PLAIN authentication failed: Closed connection',
    'SASL SCRAM SHA512 authentication failed: Connection error: read ECONNRESET',
    'SASL PLAIN authentication failed: Request SaslAuthenticate(key: 36, version: 1) timed out',
  ])('that the broker did not live to answer was not refused: %s', (message) => {
    const lost = Object.assign(new Error(message), { name: 'KafkaJSSASLAuthenticationError' });
    expect(ourError(lost, address, 'publishing')).toBeInstanceOf(StoreUnavailableError);
  });

  it('that the broker refused is, whatever its words', () => {
    const refused = new Error('SASL PLAIN authentication failed: Authentication failed: Invalid username or password');
    refused.name = 'KafkaJSSASLAuthenticationError';
    expect(ourError(refused, address, 'publishing')).toBeInstanceOf(StoreError);
  });
});

describe('the place of a key', () => {
  // Of Kafka's own tests (UtilsTest.testMurmur2): where it moved, the order within a stream would be lost.
  it.each([
    ['21', -973_932_308],
    ['foobar', -790_332_482],
    ['a-little-bit-long-string', -985_981_536],
    ['a-little-bit-longer-string', -1_486_304_829],
    ['abc', 479_470_107],
  ])('is where every client of Kafka has it: %s', (key, murmur2) => {
    const partitionMetadata = Array.from({ length: 1_000 }, (_, partitionId) => ({ partitionId })) as never;
    const placed = kafkajs.Partitioners.DefaultPartitioner()({ topic: 't', partitionMetadata, message: { key, value: null } });
    expect(placed).toBe((murmur2 & 0x7fffffff) % 1_000);
  });
});

describe('a send', () => {
  const messages = [0, 1].map((partition) => ({ key: 'k', value: `v${partition}`, partition }));
  const topics = new Map([['t.orders', messages]]);
  const answer = (partition: number, errorCode = 0): RecordMetadata => ({ topicName: 't.orders', partition, errorCode });

  it('is done when every partition has answered, and fails when one has not', async () => {
    const sent = (answersOf: (partition: number) => RecordMetadata[]) =>
      sendWhole({ send: async (record) => answersOf(record.messages[0]?.partition ?? -1) }, topics);
    await expect(sent((partition) => [answer(partition)])).resolves.toBeUndefined();
    // As the client does it where a leader moved between two tries.
    await expect(sent((partition) => (partition === 1 ? [] : [answer(partition)]))).rejects.toThrow(
      /partition 1 of "t\.orders" did not confirm/,
    );
    await expect(sent((partition) => [answer(partition, partition === 1 ? 19 : 0)])).rejects.toThrow(
      /partition 1 of "t\.orders" did not confirm/,
    );
    await expect(sent((partition) => [answer(partition), answer(partition)])).rejects.toThrow(/did not confirm/);
  });

  it('that failed leaves nothing under way', async () => {
    let underWay = 2;
    const send = async ({ messages }: { readonly messages: readonly { readonly partition?: number }[] }) => {
      const isFirst = messages[0]?.partition === 0;
      if (!isFirst) await new Promise((resolve) => setImmediate(resolve));
      underWay--;
      if (isFirst) throw new Error('gone');
      return [answer(1)];
    };
    await expect(sendWhole({ send }, topics)).rejects.toThrow('gone');
    expect(underWay).toBe(0);
  });

  it('is written once by each of several brokers, though one refuses while another has not answered yet', async () => {
    const cluster = new TwoBrokers();
    await sendWhole(await cluster.transaction(), topics);
    expect(cluster.refused).toBe(1);
    expect(cluster.written.sort()).toEqual(['v0', 'v1']);
  });
});

describe('a wait with a limit', () => {
  it('ends with the work, with the limit, or when it is given up', async () => {
    const never = new Promise<never>(() => {});
    expect(await inTime(systemTime, 1_000, 'it', Promise.resolve(7))).toBe(7);
    await expect(inTime(systemTime, 5, 'opening', never)).rejects.toThrow('opening took longer than 0.005 s');
    await expect(inTime(systemTime, 1_000, 'opening', never, AbortSignal.abort())).rejects.toThrow('opening was given up');
    const giving = new AbortController();
    const waiting = inTime(systemTime, 1_000, 'opening', never, giving.signal);
    giving.abort();
    await expect(waiting).rejects.toThrow('opening was given up');
  });
});
