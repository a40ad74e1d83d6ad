/** Messages of MongoDB's wire protocol, as far as its driver sends them to the small server of the tests. */

import { BSON, type Document } from 'mongodb';

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
const HEADER = 16;

export interface Request {
  readonly id: number;
  /** The first message of a connection comes in the form of old servers. */
  readonly isLegacy: boolean;
  /** With the documents of its sections in their fields, such as `updates`. */
  readonly command: Document;
}

/** Collects what comes in until messages are whole. */
export class RequestReader {
  #rest: Buffer = Buffer.alloc(0);

  read(chunk: Buffer): Request[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const requests: Request[] = [];
    while (this.#rest.length >= HEADER && this.#rest.length >= this.#rest.readInt32LE(0)) {
      const length = this.#rest.readInt32LE(0);
      requests.push(requestOf(this.#rest.subarray(0, length)));
      this.#rest = this.#rest.subarray(length);
    }
    return requests;
  }
}

function requestOf(message: Buffer): Request {
  const id = message.readInt32LE(4);
  const opCode = message.readInt32LE(12);
  if (opCode === OP_QUERY) {
    const name = message.indexOf(0, HEADER + 4);
    return { id, isLegacy: true, command: documentAt(message, name + 1 + 8) };
  }
  if (opCode !== OP_MSG) throw new Error(`no message of kind ${opCode} was expected`);
  return { id, isLegacy: false, command: commandOf(message) };
}

function commandOf(message: Buffer): Document {
  let command: Document = {};
  for (let at = HEADER + 4; at < message.length; ) {
    const kind = message.readUInt8(at);
    const size = message.readInt32LE(at + 1);
    if (kind === 0) command = { ...documentAt(message, at + 1), ...command };
    else {
      const end = message.indexOf(0, at + 5);
      const documents: Document[] = [];
      for (let next = end + 1; next < at + 1 + size; next += message.readInt32LE(next)) documents.push(documentAt(message, next));
      command[message.toString('utf8', at + 5, end)] = documents;
    }
    at += 1 + size;
  }
  return command;
}

function documentAt(message: Buffer, at: number): Document {
  return BSON.deserialize(message.subarray(at, at + message.readInt32LE(at)), { useBigInt64: true });
}

export function replyTo({ id, isLegacy }: Request, answer: Document): Buffer {
  const document = BSON.serialize(answer);
  const head = Buffer.alloc(HEADER + (isLegacy ? 20 : 5));
  head.writeInt32LE(head.length + document.length, 0);
  head.writeInt32LE(id, 8);
  head.writeInt32LE(isLegacy ? OP_REPLY : OP_MSG, 12);
  if (isLegacy) head.writeInt32LE(1, HEADER + 16);
  return Buffer.concat([head, document]);
}
