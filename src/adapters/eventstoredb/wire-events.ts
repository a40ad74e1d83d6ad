/**
 * Events as the server sends them, taken out of the bytes. The client makes objects of all parts of a message first, and of
 * those its own: that takes longer than everything else that is done to an event that is read.
 */

import messages from '@eventstore/db-client/generated/streams_pb.js';

/** What an event is on the wire, as far as it counts here. */
export interface WireEvent {
  readonly stream: string;
  readonly revision: number;
  /** In `$all`, as the server tells it; undefined where it tells none. */
  readonly position: bigint | undefined;
  readonly type: string;
  readonly isJson: boolean;
  readonly data: Buffer;
  readonly metadata: Buffer;
  /** When the server took it, milliseconds since the epoch. */
  readonly created: number;
}

/** An answer to a read that is an event. The client's streams ask what it is, and hand it over. */
export class EventAnswer {
  /** Undefined where the server has a link in its place, and what that leads to is gone. */
  readonly event: WireEvent | undefined;

  constructor(event: WireEvent | undefined) {
    this.event = event;
  }

  hasEvent(): boolean {
    return true;
  }

  getEvent(): this {
    return this;
  }
}

/** Of messages whose parts are text, bytes, numbers and messages no more is needed. */
const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const FIXED_32 = 5;

/** The tag of an event in an answer, and of the parts of one: the number of the field, and how it is written. */
const EVENT_TAG = (1 << 3) | BYTES;

/** Ticks of 100 ns since the epoch have four digits more than milliseconds. */
const TICK_DIGITS = 4;
const NOTHING: Buffer = Buffer.of();

/** `ReadResp`, where it is an event; any other is made by the client's own code. */
export function readAnswer(bytes: Buffer): EventAnswer | messages.ReadResp {
  if (bytes[0] !== EVENT_TAG) return messages.ReadResp.deserializeBinary(bytes);
  const fields = new Fields(bytes);
  fields.next();
  return new EventAnswer(readEvent(fields.bytes()));
}

/** `ReadResp.ReadEvent`. */
function readEvent(bytes: Buffer): WireEvent | undefined {
  let recorded: Buffer | undefined;
  let position: bigint | undefined;
  for (const fields = new Fields(bytes); fields.next(); ) {
    if (fields.number === 1) recorded = fields.bytes();
    else if (fields.number === 3) position = fields.integer();
    else fields.skip();
  }
  return recorded === undefined ? undefined : readRecorded(recorded, position);
}

/** `ReadResp.ReadEvent.RecordedEvent`; without a position of the answer, its own counts. */
function readRecorded(bytes: Buffer, position: bigint | undefined): WireEvent {
  let [stream, revision] = ['', 0];
  // What is zero is not sent.
  let ownPosition = 0n;
  let [metadata, data] = [NOTHING, NOTHING];
  const properties = new Map<string, string>();
  for (const fields = new Fields(bytes); fields.next(); ) {
    if (fields.number === 2) stream = readText(fields.bytes(), 3);
    else if (fields.number === 3) revision = Number(fields.integer());
    else if (fields.number === 5) ownPosition = fields.integer();
    else if (fields.number === 6) noteEntry(fields.bytes(), properties);
    else if (fields.number === 7) metadata = fields.bytes();
    else if (fields.number === 8) data = fields.bytes();
    else fields.skip();
  }
  return {
    stream,
    revision,
    position: position ?? ownPosition,
    type: properties.get('type') ?? '',
    isJson: properties.get('content-type') === 'application/json',
    data,
    metadata,
    created: Number(properties.get('created')?.slice(0, -TICK_DIGITS) ?? 0),
  };
}

/** The text that is the field of that number. */
function readText(bytes: Buffer, number: number): string {
  let text = '';
  for (const fields = new Fields(bytes); fields.next(); ) {
    if (fields.number === number) text = fields.bytes().toString();
    else fields.skip();
  }
  return text;
}

/** An entry of a map of texts. */
function noteEntry(bytes: Buffer, properties: Map<string, string>): void {
  let [key, value] = ['', ''];
  for (const fields = new Fields(bytes); fields.next(); ) {
    if (fields.number === 1) key = fields.bytes().toString();
    else if (fields.number === 2) value = fields.bytes().toString();
    else fields.skip();
  }
  properties.set(key, value);
}

/** The fields of a message, in the order in which they lie there. */
class Fields {
  readonly #bytes: Buffer;
  #at = 0;
  #kind = VARINT;
  /** Of the field that `next` came to, and whose value is to be taken or skipped. */
  number = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** False at the end. */
  next(): boolean {
    if (this.#at === this.#bytes.length) return false;
    const tag = this.#small();
    this.number = Math.floor(tag / 8);
    this.#kind = tag % 8;
    return true;
  }

  bytes(): Buffer {
    const length = this.#small();
    return this.#take(length);
  }

  integer(): bigint {
    const from = this.#at;
    const value = this.#small();
    if (Number.isSafeInteger(value)) return BigInt(value);
    let exact = 0n;
    for (const byte of this.#bytes.subarray(from, this.#at).toReversed()) exact = exact * 128n + BigInt(byte & 127);
    return exact;
  }

  skip(): void {
    if (this.#kind === VARINT) this.#small();
    else if (this.#kind === FIXED_64) this.#take(8);
    else if (this.#kind === BYTES) this.bytes();
    else if (this.#kind === FIXED_32) this.#take(4);
    else throw new Error(`a message of the server has a field of kind ${this.#kind}`);
  }

  /** An integer, exact as far as numbers are: seven bits a byte, the lowest first, and a bit that says whether more follow. */
  #small(): number {
    let value = 0;
    for (let unit = 1; ; unit *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new Error('a message of the server ends within a field');
      value += (byte & 127) * unit;
      if (byte < 128) return value;
    }
  }

  #take(length: number): Buffer {
    const from = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new Error('a message of the server ends within a field');
    return this.#bytes.subarray(from, this.#at);
  }
}
