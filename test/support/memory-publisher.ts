/** A broker in memory, with transactions and fencing as the port asks for, that can be told to fail. */

import { StoreUnavailableError } from '../../src/ports/errors.ts';
import { FencedError, type PublishedPosition, type Publisher, type PublisherSession } from '../../src/ports/publisher.ts';
import { type Publication, TOPICS } from '../../src/tape/publication.ts';

/** Fail before anything is done, or after it was done, so that the caller does not know. */
export type Fault = 'before' | 'after' | null;

export class MemoryBroker implements Publisher {
  readonly published: Publication[] = [];
  /** Events of each transaction. */
  readonly batches: number[] = [];
  /** Asked before each step. */
  faultOf: (step: 'open' | 'publish') => Fault = () => null;
  /** Runs in the middle of each transaction, as another process could. */
  meanwhile: () => Promise<void> = async () => {};
  reached: PublishedPosition | null = null;
  #epoch = 0;

  async open(): Promise<PublisherSession> {
    const fault = this.faultOf('open');
    if (fault === 'before') throw unavailable();
    const epoch = ++this.#epoch;
    if (fault === 'after') throw unavailable();
    let isDead = false;
    const fail = (error: Error): never => {
      isDead = true;
      throw error;
    };
    return {
      published: this.reached,
      publish: async (batch, reached) => {
        if (isDead) throw new Error('this session is dead');
        const publishFault = this.faultOf('publish');
        await this.meanwhile();
        if (epoch !== this.#epoch) fail(new FencedError('a later session has taken over'));
        if (publishFault === 'before') fail(unavailable());
        const unknown = batch.find(({ topic }) => !TOPICS.includes(topic));
        if (unknown !== undefined) fail(new Error(`there is no topic ${unknown.topic}`));
        this.published.push(...batch);
        this.batches.push(batch.length);
        this.reached = reached;
        if (publishFault === 'after') fail(unavailable());
      },
      close: async () => {
        isDead = true;
      },
    };
  }

  /** Values by key of one topic, in order. */
  valuesOf(topic: string): ReadonlyMap<string, readonly string[]> {
    const values = new Map<string, string[]>();
    for (const { key, value } of this.published.filter((record) => record.topic === topic)) {
      values.set(key, [...(values.get(key) ?? []), value]);
    }
    return values;
  }
}

function unavailable(): StoreUnavailableError {
  return new StoreUnavailableError('Kafka', 'the broker in memory was told to fail');
}
