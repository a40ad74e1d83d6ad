/** One send of a transaction, and whether all of it was taken. */

import type { Message, RecordMetadata, Transaction } from 'kafkajs';

export type PlacedMessage = Message & { readonly partition: number };

/**
 * Sends, and looks whether every partition has answered: where leaders move between two tries, the client takes a
 * broker that had answered for its former partitions as done with the new ones too.
 */
export async function sendWhole(
  transaction: Pick<Transaction, 'sendBatch'>,
  topics: ReadonlyMap<string, PlacedMessage[]>,
): Promise<void> {
  const answers = await transaction.sendBatch({
    acks: -1,
    topicMessages: [...topics].map(([topic, messages]) => ({ topic, messages })),
  });
  const answered = new Set(answers.filter(isWritten).map(({ topicName: topic, partition }) => `${topic}/${partition}`));
  for (const [topic, messages] of topics) {
    for (const { partition } of messages) {
      if (!answered.has(`${topic}/${partition}`))
        throw new Error(`partition ${partition} of "${topic}" did not confirm what it was sent`);
    }
  }
}

function isWritten({ errorCode }: RecordMetadata): boolean {
  return errorCode === 0;
}
