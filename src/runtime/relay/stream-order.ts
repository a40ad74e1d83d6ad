/** Is what was published whole: within each stream no gap, no double, no disorder, and all of it on one partition? */

import type { PublishedRecord } from '../../ports/publisher.ts';
import { HEADER } from '../../tape/publication.ts';

/** Most streams that are remembered; of more, those that were quiet for longest are forgotten. */
const MAX_STREAMS = 1_000_000;

/** `foreign`: a record that the relay did not write; `moved`: a stream that goes on, on another partition. */
export interface PublishedBreak {
  readonly kind: 'gap' | 'double' | 'disorder' | 'moved' | 'foreign';
  readonly partition: number;
  readonly offset: string;
  readonly stream: string | null;
  /** The revision that had to come, and the one that came. */
  readonly expected: number | null;
  readonly revision: number | null;
}

interface Seen {
  readonly revision: number;
  readonly partition: number;
}

export class PublishedOrder {
  readonly #isFromStart: boolean;
  readonly #maxStreams: number;
  readonly #last = new Map<string, Seen>();
  #records = 0;
  #breaks = 0;
  #forgotten = 0;

  /** `fromStart`: nothing is missing before the first record, so that every stream must begin at 0. */
  constructor(isFromStart: boolean, maxStreams = MAX_STREAMS) {
    this.#isFromStart = isFromStart;
    this.#maxStreams = maxStreams;
  }

  get summary(): { readonly records: number; readonly streams: number; readonly breaks: number } {
    return { records: this.#records, streams: this.#last.size + this.#forgotten, breaks: this.#breaks };
  }

  /** Takes the next record; what is wrong with it, or null. */
  see(record: PublishedRecord): PublishedBreak | null {
    this.#records++;
    const found = this.#look(record);
    if (found !== null) this.#breaks++;
    return found;
  }

  #look({ headers, partition, offset }: PublishedRecord): PublishedBreak | null {
    const stream = headers[HEADER.stream];
    const text = headers[HEADER.revision] ?? '';
    if (stream === undefined || !/^\d{1,15}$/.test(text)) {
      return { kind: 'foreign', partition, offset, stream: stream ?? null, expected: null, revision: null };
    }
    const revision = Number(text);
    const last = this.#last.get(stream);
    this.#remember(stream, { revision: Math.max(revision, last?.revision ?? revision), partition });
    const about = (kind: PublishedBreak['kind'], expected: number): PublishedBreak => ({
      kind,
      partition,
      offset,
      stream,
      expected,
      revision,
    });
    if (last === undefined) return this.#isFromStart && this.#forgotten === 0 && revision > 0 ? about('gap', 0) : null;
    const expected = last.revision + 1;
    if (revision > expected) return about('gap', expected);
    if (revision === last.revision) return about('double', expected);
    if (revision < last.revision) return about('disorder', expected);
    return partition === last.partition ? null : about('moved', expected);
  }

  #remember(stream: string, seen: Seen): void {
    // The map's order is that of the last record of each.
    this.#last.delete(stream);
    this.#last.set(stream, seen);
    if (this.#last.size <= this.#maxStreams) return;
    const [quiet] = this.#last.keys();
    if (quiet !== undefined) this.#last.delete(quiet);
    this.#forgotten++;
  }
}
