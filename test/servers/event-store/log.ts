/**
 * One log of streams with the rules of EventStoreDB: exact revisions, strong idempotency by ids, positions that are byte
 * offsets. In memory; with a file as well, so that a server that was killed has what it had answered for.
 */

import { appendFileSync, closeSync, existsSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';

export interface LoggedEvent {
  readonly id: string;
  readonly type: string;
  readonly isJson: boolean;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

export interface LogRecord extends LoggedEvent {
  readonly stream: string;
  readonly revision: number;
  /** A byte offset, and so neither counted nor dense. */
  readonly position: number;
  /** Milliseconds since the epoch. */
  readonly created: number;
}

export type Expected = number | 'no-stream' | 'any' | 'stream-exists';

export type Outcome =
  | { readonly kind: 'written' | 'already'; readonly revision: number; readonly position: number }
  | { readonly kind: 'wrong-expected-version'; readonly current: number | undefined }
  /** Some of the ids are there at their revisions and others are not: CorruptedIdempotency. */
  | { readonly kind: 'corrupted' }
  | { readonly kind: 'too-large' };

/** What the server takes in one append, in bytes, as EventStoreDB 22.10 to 24.10 do unless they are told otherwise. */
export const MAX_APPEND_BYTES = 1024 * 1024;

export class Log {
  readonly records: LogRecord[] = [];
  readonly streams = new Map<string, LogRecord[]>();
  readonly #now: () => number;
  readonly #file: number | undefined;
  readonly #waiting = new Set<() => void>();
  /** Called with what an append has written, before anybody hears of it. */
  onWritten: (written: readonly LogRecord[]) => void = () => undefined;
  #end = 100;

  constructor(now: () => number, file?: string) {
    this.#now = now;
    if (file === undefined) return;
    this.#load(file);
    this.#file = openSync(file, 'a');
  }

  append(stream: string, expected: Expected, events: readonly LoggedEvent[]): Outcome {
    const before = this.records.length;
    const outcome = this.#write(stream, expected, events);
    if (outcome.kind === 'written') this.onWritten(this.records.slice(before));
    return outcome;
  }

  /** Takes what another node has written, behind what is here. */
  replicate(written: readonly LogRecord[]): void {
    for (const record of written) this.#replay(record);
    this.wake();
  }

  #write(stream: string, expected: Expected, events: readonly LoggedEvent[]): Outcome {
    const there = this.streams.get(stream) ?? [];
    const last = there.length - 1;
    const size = events.reduce((sum, { data, metadata, type }) => sum + data.length + metadata.length + type.length, 0);
    if (size > MAX_APPEND_BYTES) return { kind: 'too-large' };
    const isMet = expected === 'any' || (expected === 'stream-exists' ? last >= 0 : revisionOf(expected) === last);
    if (!isMet) return this.#refuse(there, expected, events);
    const created = this.#now();
    const written: LogRecord[] = [];
    for (const event of events) {
      const position = this.#end;
      this.#end += 120 + event.data.length + event.metadata.length;
      written.push({ ...event, stream, revision: last + 1 + written.length, position, created });
    }
    if (this.#file !== undefined) writeSync(this.#file, `${JSON.stringify(written.map(inFile))}\n`);
    for (const record of written) this.#take(record);
    this.wake();
    return { kind: 'written', revision: last + events.length, position: written.at(-1)?.position ?? 0 };
  }

  /** Loses all records from that one on, as a server that is killed loses what it has not flushed. Not where it keeps a file. */
  cut(from: number): void {
    for (const { stream } of this.records.splice(from)) this.streams.get(stream)?.pop();
  }

  /** Index of the first record at or after a position. */
  indexAt(position: number): number {
    let low = 0;
    let high = this.records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.records[middle] as LogRecord).position < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Resolves when something was appended, or when `signal` aborts. */
  async grown(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }

  /** The same ids from there on: nothing is written, and it is a success. */
  #refuse(there: readonly LogRecord[], expected: Expected, events: readonly LoggedEvent[]): Outcome {
    const current = there.length === 0 ? undefined : there.length - 1;
    if (expected === 'stream-exists' || expected === 'any') return { kind: 'wrong-expected-version', current };
    const first = revisionOf(expected) + 1;
    const same = events.findIndex(({ id }, index) => there[first + index]?.id !== id);
    if (same === 0) return { kind: 'wrong-expected-version', current };
    if (same > 0) return { kind: 'corrupted' };
    const last = there[first + events.length - 1] as LogRecord;
    return { kind: 'already', revision: last.revision, position: last.position };
  }

  #take(record: LogRecord): void {
    this.records.push(record);
    const stream = this.streams.get(record.stream);
    if (stream === undefined) this.streams.set(record.stream, [record]);
    else stream.push(record);
  }

  /** Those who wait for more look again. */
  wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** One line an append; a line that is not whole was never answered for. */
  #load(file: string): void {
    if (!existsSync(file)) appendFileSync(file, '');
    const text = readFileSync(file, 'utf8');
    const whole = text.lastIndexOf('\n') + 1;
    if (whole < text.length) truncateSync(file, Buffer.byteLength(text.slice(0, whole)));
    for (const line of text.slice(0, whole).split('\n')) {
      if (line === '') continue;
      for (const record of JSON.parse(line) as InFile[]) this.#replay(fromFile(record));
    }
  }

  #replay(record: LogRecord): void {
    this.#take(record);
    this.#end = record.position + 120 + record.data.length + record.metadata.length;
  }
}

/** Bytes are base64 in the file. */
type InFile = Omit<LogRecord, 'data' | 'metadata'> & { readonly data: string; readonly metadata: string };

function inFile(record: LogRecord): InFile {
  const [data, metadata] = [record.data, record.metadata].map((bytes) => Buffer.from(bytes).toString('base64'));
  return { ...record, data: data as string, metadata: metadata as string };
}

function fromFile(record: InFile): LogRecord {
  return { ...record, data: Buffer.from(record.data, 'base64'), metadata: Buffer.from(record.metadata, 'base64') };
}

function revisionOf(expected: number | 'no-stream'): number {
  return expected === 'no-stream' ? -1 : expected;
}
