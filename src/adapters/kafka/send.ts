/** Sending within a transaction: every record once, and known to be there. */

import type { Message, Transaction } from 'kafkajs';

export type PlacedMessage = Message & { readonly partition: number };

/**
 * Sends to each partition by a call of its own, and looks whether it has answered. In one call for several brokers the
 * client tries all of them again that have not answered when one of them refuses (which after a commit is usual:
 * CONCURRENT_TRANSACTIONS): what is still on its way to another one is sent again under new numbers, and so is there
 * twice. And where leaders move between two tries, it takes a broker that had answered as done with what it leads now.
 */
export async function sendWhole(
  transaction: Pick<Transaction, 'send'>,
  topics: ReadonlyMap<string, PlacedMessage[]>,
): Promise<void> {
  const sends: Promise<void>[] = [];
  for (const [topic, messages] of topics) {
    for (const [partition, some] of byPartition(messages)) sends.push(sendTo(transaction, topic, partition, some));
  }
  // Until none is under way: the client would connect once more for one that is left to its tries.
  for (const sent of await Promise.allSettled(sends)) if (sent.status === 'rejected') throw sent.reason;
}

async function sendTo(
  transaction: Pick<Transaction, 'send'>,
  topic: string,
  partition: number,
  messages: PlacedMessage[],
): Promise<void> {
  const answers = await transaction.send({ topic, messages, acks: -1 });
  const [answer] = answers;
  if (answers.length === 1 && answer?.partition === partition && answer.errorCode === 0) return;
  throw new Error(`partition ${partition} of "${topic}" did not confirm what it was sent`);
}

function byPartition(messages: readonly PlacedMessage[]): ReadonlyMap<number, PlacedMessage[]> {
  const partitions = new Map<number, PlacedMessage[]>();
  for (const message of messages) {
    const some = partitions.get(message.partition);
    if (some === undefined) partitions.set(message.partition, [message]);
    else some.push(message);
  }
  return partitions;
}
