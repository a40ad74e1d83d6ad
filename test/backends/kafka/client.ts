/** Kafka as somebody else's program sees it: the plain client, at an address of ours. */

import kafkajs, { type Kafka } from 'kafkajs';
import { parseKafkaAddress } from '../../../src/adapters/kafka/address.ts';

export function clientOf(address: string): Kafka {
  const { brokers, ssl, sasl } = parseKafkaAddress(address);
  return new kafkajs.Kafka({
    clientId: 'test',
    brokers: [...brokers],
    ...(ssl === null ? {} : { ssl }),
    ...(sasl === null ? {} : { sasl }),
    logLevel: kafkajs.logLevel.NOTHING,
  });
}
