/** Where events are relayed to, and how a consumer reads them back. */

import type { Publication } from '../tape/publication.ts';

/** How far a tape has been published. */
export interface PublishedPosition {
  /** The name of the tape: see `tapeName`. */
  readonly tape: string;
  readonly position: string;
}

/** A later session has taken this one's place: nothing that it publishes from then on is ever seen. */
export class FencedError extends Error {}

/** The only one that publishes, from its opening until a later one is opened. Dead after any error. */
export interface PublisherSession {
  /** Read after every earlier session was shut out; null when nothing was ever published. */
  readonly published: PublishedPosition | null;
  /** Publishes the whole batch in order, and that it reaches `reached`, or nothing. One call at a time. */
  publish(batch: readonly Publication[], reached: PublishedPosition): Promise<void>;
  close(): Promise<void>;
}

/** Where events are handed on to others. */
export interface Publisher {
  /**
   * Makes or checks what is needed there, shuts every earlier session out, then reads how far they came. Throws
   * StoreError for what only a person can put right, and StoreUnavailableError while nobody answers. Given up when
   * `signal` is aborted.
   */
  open(signal: AbortSignal): Promise<PublisherSession>;
}

/** A published record, as a consumer gets it. */
export interface PublishedRecord {
  readonly partition: number;
  readonly offset: string;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ConsumeOptions {
  /** From what is still there, or only what comes from now on. */
  readonly isFromBeginning: boolean;
  /** End when everything that was there at the beginning has been handed over. */
  readonly isUntilEnd: boolean;
  readonly signal: AbortSignal;
  /** In order within a partition; false: enough. */
  readonly onRecords: (records: readonly PublishedRecord[]) => boolean;
}

/** A look at what was published: of transactions, those that are whole. */
export interface PublishedReader {
  /** True when the topic still has everything that was ever published on it. */
  isWhole(topic: string): Promise<boolean>;
  consume(topic: string, options: ConsumeOptions): Promise<void>;
}
