/** A small projection for tests of the loops, and a tape that it reads. */

import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { openMemoryReadStore } from '../../../src/adapters/memory/read-store.ts';
import type { TapeEvent } from '../../../src/domain/catalogue.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import type { ReadStore } from '../../../src/ports/read-store.ts';
import type { Projection } from '../../../src/projections/projection.ts';
import type { RecordedEvent } from '../../../src/tape/envelope.ts';
import { timeAt } from '../../support/test-time.ts';

/** Three seconds after everything here was recorded. */
export const NOW = Date.UTC(2024, 0, 1, 0, 0, 4);
export const time = timeAt(NOW);

/** Strings the reasons of halts together, by account; chokes on "poison". */
export const chain: Projection<{ text: string }> = {
  name: 'chain',
  version: 1,
  categories: ['account'],
  indexes: [],
  keys(event) {
    if (event.type !== 'TradingHalted') return [];
    if (event.data.reason === 'nameless') throw new Error('no key');
    return [event.data.account];
  },
  apply(document, event) {
    const next = document ?? { text: '' };
    if (event.type !== 'TradingHalted') throw new Error('not mine');
    next.text += event.data.reason;
    if (event.data.reason === 'poison') throw new Error('cannot swallow poison');
    return next;
  },
};

const CAUSE = '00000000-0000-5000-8000-00000000000c';

export function halted(position: number, account: string, reason: string): RecordedEvent {
  return {
    id: `id-${position}`,
    stream: `account-${account}`,
    type: 'TradingHalted',
    schemaVersion: 1,
    data: { account, scope: { account }, mode: 'stop', reason, requestId: CAUSE },
    metadata: {
      occurredAt: '2024-01-01T00:00:00.000Z',
      correlationId: CAUSE,
      causationId: CAUSE,
      actor: 'engine',
      codeVersion: 't',
    },
    revision: position,
    position: String(position),
    recordedAt: '2024-01-01T00:00:01.000Z',
  };
}

/** The event as it is handed to a tape. */
export function appendable({ revision, position, recordedAt, ...event }: RecordedEvent): TapeEvent {
  return { ...event, id: `00000000-0000-5000-8000-${position.padStart(12, '0')}` } as TapeEvent;
}

/** A later version of the same read model, whose documents shout. */
export const loudChain: Projection<{ text: string }> = {
  ...chain,
  version: 2,
  apply: (document, event) => {
    const { text } = chain.apply(document, event);
    return { text: text.toUpperCase() };
  },
};

export class ChainTape {
  readonly events: EventStore = openMemoryEventStore({ time, hasLock: true });
  readonly reads: ReadStore = openMemoryReadStore();
  #count = 0;
  readonly #revisions = new Map<string, number>();

  /** Halts an account, for a reason that goes into its document. Returns the position. */
  async halt(account: string, reason: string): Promise<string> {
    this.#count++;
    const revision = this.#revisions.get(account);
    const event = appendable(halted(this.#count, account, reason));
    const appended = await this.events.append(event.stream, revision ?? 'no-stream', [event]);
    this.#revisions.set(account, appended.revision);
    return appended.position;
  }

  /** The texts of a collection's documents, by account. */
  async texts(collection: string, ...accounts: string[]): Promise<Record<string, unknown>> {
    const found = await this.reads.load(collection, accounts);
    return Object.fromEntries([...found].map(([key, { text }]) => [key, text]));
  }
}
