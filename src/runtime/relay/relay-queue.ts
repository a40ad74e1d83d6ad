/** The events that are read from the tape and not published yet: bounded, so that a slow or absent sink fills no memory. */

import type { RecordedEvent } from '../../tape/envelope.ts';
import { type Publication, publicationBytes, publicationOf } from '../../tape/publication.ts';

/** Most that is held at once, in events and in bytes; a single event is taken whatever its size. */
export const MAX_QUEUED_EVENTS = 5_000;
export const MAX_QUEUED_BYTES = 8 * 1024 * 1024;

export interface QueuedEvent {
  readonly publication: Publication;
  readonly position: string;
  readonly bytes: number;
}

export class RelayQueue {
  #waiting: QueuedEvent[] = [];
  /** With those that were taken and are not done yet. */
  #events = 0;
  #bytes = 0;
  #state: 'open' | 'closed' | 'failed' = 'open';
  #failure: unknown;
  #wakeUps: (() => void)[] = [];

  /** Held now, those in hand included. */
  get queued(): { readonly events: number; readonly bytes: number } {
    return { events: this.#events, bytes: this.#bytes };
  }

  /** Takes an event in once there is room; false when the queue is closed. One caller at a time. */
  async put(event: RecordedEvent): Promise<boolean> {
    const publication = publicationOf(event);
    const bytes = publicationBytes(publication);
    while (this.#state === 'open' && !this.#hasRoom(bytes)) await this.#change();
    if (this.#state !== 'open') return false;
    this.#waiting.push({ publication, position: event.position, bytes });
    this.#events++;
    this.#bytes += bytes;
    this.#wake();
    return true;
  }

  /** The next events, as soon as there is one; none when the queue is closed. Throws what `fail` was given. */
  async take(maxEvents: number, maxBytes: number): Promise<readonly QueuedEvent[]> {
    while (this.#state === 'open' && this.#waiting.length === 0) await this.#change();
    if (this.#state === 'failed') throw this.#failure;
    if (this.#state === 'closed') return [];
    let bytes = 0;
    let count = 0;
    for (const held of this.#waiting) {
      if (count === maxEvents || (count > 0 && bytes + held.bytes > maxBytes)) break;
      bytes += held.bytes;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  /** The events that were taken are published. */
  done(taken: readonly QueuedEvent[]): void {
    this.#events -= taken.length;
    for (const { bytes } of taken) this.#bytes -= bytes;
    this.#wake();
  }

  /** Nothing goes in or out any more; what is held is dropped, as the tape has it. */
  close(): void {
    if (this.#state === 'open') this.#end('closed');
  }

  /** The tape could not be read on. */
  fail(error: unknown): void {
    if (this.#state !== 'open') return;
    this.#failure = error;
    this.#end('failed');
  }

  #end(state: 'closed' | 'failed'): void {
    this.#state = state;
    this.#waiting = [];
    this.#events = 0;
    this.#bytes = 0;
    this.#wake();
  }

  #hasRoom(bytes: number): boolean {
    return this.#events === 0 || (this.#events < MAX_QUEUED_EVENTS && this.#bytes + bytes <= MAX_QUEUED_BYTES);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeUps.push(resolve);
    });
  }

  #wake(): void {
    for (const wakeUp of this.#wakeUps.splice(0)) wakeUp();
  }
}
