/** A small MongoDB for tests: what Tapedeck asks of one, in memory, and the ways in which real ones fail. */

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Document } from 'mongodb';
import { DuplicateKeyError, MemoryCollection } from './collection.ts';
import { type Request, RequestReader, replyTo } from './wire.ts';

export interface Faults {
  /** As versions tell how old they are: 6 is MongoDB 3.6, 21 is 7.0. */
  maxWireVersion: number;
  /** After an error the rest of a command's updates is not made, and the error tells the wrong one: as FerretDB 1 does. */
  stopsAtFirstError: boolean;
  /** What the next commands of that name are answered, one after the other, after they were carried out. */
  readonly answers: Map<string, Document[]>;
  /** Called before a command of that name is carried out. */
  readonly before: Map<string, () => void>;
}

const OK = { ok: 1 };

export class MongoServer {
  readonly faults: Faults = { maxWireVersion: 21, stopsAtFirstError: false, answers: new Map(), before: new Map() };
  /** The commands that came in, by name. */
  readonly commands: Document[] = [];
  readonly #databases = new Map<string, Map<string, MemoryCollection>>();
  readonly #sockets = new Set<Socket>();
  #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#serve(socket));
  }

  static async start(): Promise<MongoServer> {
    const server = new MongoServer(createServer());
    await once(server.#server.listen(0, '127.0.0.1'), 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  collection(database: string, name: string): MemoryCollection | undefined {
    return this.#databases.get(database)?.get(name);
  }

  async stop(): Promise<void> {
    const closed = once(this.#server.close(), 'close');
    this.cut();
    await closed;
  }

  /** Every connection is lost. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket): void {
    const reader = new RequestReader();
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      for (const request of reader.read(chunk)) socket.write(replyTo(request, this.#answer(request)));
    });
  }

  #answer({ command }: Request): Document {
    const [name = ''] = Object.keys(command);
    this.commands.push(command);
    this.faults.before.get(name)?.();
    const answer = this.#carryOut(name, command);
    return this.faults.answers.get(name)?.shift() ?? answer;
  }

  #carryOut(name: string, command: Document): Document {
    const collections = this.#databases.get(command.$db) ?? new Map<string, MemoryCollection>();
    this.#databases.set(command.$db, collections);
    const target = command[name];
    const made = (): MemoryCollection => {
      const collection = collections.get(target) ?? new MemoryCollection();
      collections.set(target, collection);
      return collection;
    };
    switch (name) {
      case 'hello':
      case 'ismaster':
      case 'isMaster':
        return this.#hello();
      case 'ping':
      case 'endSessions':
        return OK;
      case 'buildInfo':
        return { ...OK, version: '7.0.0', ...(this.faults.stopsAtFirstError && { ferretdbVersion: 'v1.24.0' }) };
      case 'create':
        if (collections.has(target)) return { ok: 0, code: 48, codeName: 'NamespaceExists', errmsg: 'it is there' };
        made();
        return OK;
      case 'drop':
        return collections.delete(target) ? OK : { ok: 0, code: 26, codeName: 'NamespaceNotFound', errmsg: 'ns not found' };
      case 'createIndexes':
        for (const { name: index, key } of command.indexes) made().indexes.set(index, key);
        return OK;
      case 'listIndexes':
        return cursor(
          `${command.$db}.${target}`,
          [...made().indexes].map(([index, key]) => ({ name: index, key, v: 2 })),
        );
      case 'listCollections': {
        const wanted: readonly string[] = command.filter?.name?.$in ?? [...collections.keys()];
        const there = wanted.filter((collection) => collections.has(collection));
        return cursor(
          `${command.$db}.$cmd.listCollections`,
          there.map((collection) => ({ name: collection, type: 'collection' })),
        );
      }
      case 'find':
        return cursor(
          `${command.$db}.${target}`,
          collections.get(target)?.find(command.filter, command.sort, Number(command.limit ?? 0)) ?? [],
        );
      case 'insert':
        return write(command.documents, true, (document) => {
          made().insert(document);
          return 'upserted';
        });
      case 'update':
        return write(command.updates, this.faults.stopsAtFirstError || command.ordered, (update) => made().update(update));
      case 'delete':
        for (const { q } of command.deletes) for (const { _id } of made().find(q)) made().documents.delete(_id);
        return { ...OK, n: 1 };
      default:
        return { ok: 0, code: 59, codeName: 'CommandNotFound', errmsg: `no such command: '${name}'` };
    }
  }

  #hello(): Document {
    return {
      ...OK,
      isWritablePrimary: true,
      helloOk: true,
      maxBsonObjectSize: 16 * 1024 * 1024,
      maxMessageSizeBytes: 48_000_000,
      maxWriteBatchSize: 100_000,
      logicalSessionTimeoutMinutes: 30,
      minWireVersion: 0,
      maxWireVersion: this.faults.maxWireVersion,
      readOnly: false,
    };
  }
}

/** Everything at once: nobody has to ask for more. */
function cursor(ns: string, firstBatch: readonly Document[]): Document {
  return { ...OK, cursor: { id: 0n, ns, firstBatch } };
}

function write(
  documents: readonly Document[],
  stops: boolean,
  one: (document: Document) => 'matched' | 'upserted' | 'nothing',
): Document {
  const upserted: Document[] = [];
  const writeErrors: Document[] = [];
  let n = 0;
  for (const [index, document] of documents.entries()) {
    try {
      const outcome = one(document);
      if (outcome !== 'nothing') n++;
      if (outcome === 'upserted' && document.u !== undefined) upserted.push({ index, _id: document.q._id });
    } catch (error) {
      if (!(error instanceof DuplicateKeyError)) throw error;
      writeErrors.push({ index, code: 11_000, errmsg: 'E11000 duplicate key error', keyPattern: { _id: 1 } });
      if (stops) break;
    }
  }
  return {
    ...OK,
    n,
    nModified: n - upserted.length,
    ...(upserted.length > 0 && { upserted }),
    ...(writeErrors.length > 0 && { writeErrors }),
  };
}
