import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { parseMongoAddress } from '../../../src/adapters/mongodb/address.ts';
import { MongoConnection } from '../../../src/adapters/mongodb/connection.ts';
import { openMongoLeases } from '../../../src/adapters/mongodb/leases.ts';
import { openMongoReadStore } from '../../../src/adapters/mongodb/read-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import type { Time } from '../../../src/ports/clock.ts';
import { StoreError, StoreUnavailableError } from '../../../src/ports/errors.ts';
import type { DocumentWrite, ReadStore } from '../../../src/ports/read-store.ts';
import { describeLeases } from '../../contracts/leases.ts';
import { describeReadStore } from '../../contracts/read-store.ts';
import { MongoServer } from '../../servers/mongodb/server.ts';
import { quickened } from '../../support/test-time.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function givenServer(): Promise<MongoServer> {
  const server = await MongoServer.start();
  open.push({ close: () => server.stop() });
  return server;
}

async function givenStore(server: MongoServer, options = '', login = '', time: Time = systemTime): Promise<ReadStore> {
  const address = `mongodb://${login}127.0.0.1:${server.port}/models?serverSelectionTimeoutMS=2000${options}`;
  const store = await openMongoReadStore(address, time);
  open.push(store);
  return store;
}

describeReadStore('the read store in MongoDB', async () => givenStore(await givenServer()));

describeLeases('leases in MongoDB', async () => {
  const server = await givenServer();
  return () => openMongoLeases(`mongodb://127.0.0.1:${server.port}/models`, systemTime);
});

const ORDERS = { name: 'orders@1', indexes: [['at']] };
const write = (key: string, position: number, by?: string): DocumentWrite => ({
  collection: 'orders@1',
  key,
  document: { by, _position: String(position) },
});
const keys = Array.from({ length: 30 }, (_, index) => `k${index}`);

describe.each([
  ['that tries every write of a command', false],
  ['that stops at the first that fails, and tells another', true],
])('a server %s', (_, stopsAtFirstError) => {
  test('is told exactly which documents were written', async () => {
    const server = await givenServer();
    server.faults.stopsAtFirstError = stopsAtFirstError;
    const store = await givenStore(server, '&tapedeckBulkSize=12');
    await store.prepare([ORDERS]);
    const isStale = (index: number) => index % 4 === 1;
    const stale = keys.filter((_key, index) => isStale(index));
    await store.commit(
      'orders',
      stale.map((key) => write(key, 9)),
      '9',
    );
    const written = await store.commit(
      'orders',
      keys.map((key) => write(key, 5, 'second')),
      '10',
    );
    expect([...written].sort()).toEqual(
      keys
        .filter((_key, index) => !isStale(index))
        .map((key) => `orders@1/${key}`)
        .sort(),
    );
  });

  test('does not lose a newer document to an older one that was added at the same time', async () => {
    const server = await givenServer();
    server.faults.stopsAtFirstError = stopsAtFirstError;
    const store = await givenStore(server);
    await store.prepare([ORDERS]);
    let others = 0;
    server.faults.before.set('update', () => {
      // Between the look of an upsert and its insert somebody else adds an older one: the key is there already.
      if (others++ > 0) return;
      server.faults.answers.set('update', [{ ok: 1, n: 0, writeErrors: [{ index: 0, code: 11_000, errmsg: 'E11000' }] }]);
    });
    server.faults.before.set('find', () => {
      if (others === 1) server.collection('models', 'orders@1')?.documents.set('k', { _id: 'k', _position: 3n });
    });
    expect(await store.commit('orders', [write('k', 7, 'newer')], '7')).toEqual(new Set(['orders@1/k']));
    expect((await store.load('orders@1', ['k'])).get('k')).toEqual({ by: 'newer', _position: '7' });
  });
});

describe('the read store in MongoDB', () => {
  test('writes as many documents at once as the address says, and few where the server is FerretDB', async () => {
    for (const [options, isFerret, sizes] of [
      ['', false, [30]],
      ['', true, [20, 10]],
      ['&tapedeckBulkSize=7', false, [7, 7, 7, 7, 2]],
    ] as const) {
      const server = await givenServer();
      server.faults.stopsAtFirstError = isFerret;
      const store = await givenStore(server, options);
      await store.prepare([ORDERS]);
      await store.commit(
        'orders',
        keys.map((key) => write(key, 1)),
        '1',
      );
      const updates = server.commands.filter(({ update }) => update === 'orders@1');
      expect(updates.map(({ updates }) => updates.length)).toEqual(sizes);
      for (const { writeConcern } of updates) expect(writeConcern).toMatchObject({ w: 'majority', wtimeout: 10_000 });
    }
  });

  test('reads what a majority has, with a time limit', async () => {
    const server = await givenServer();
    const store = await givenStore(server);
    await store.prepare([ORDERS]);
    await store.findTexts({ collection: 'orders@1', sort: { field: 'at', isDescending: false }, limit: 5 });
    const find = server.commands.find(({ find }) => find === 'orders@1');
    expect(find).toMatchObject({ readConcern: { level: 'majority' }, maxTimeMS: 10_000, limit: 5 });
  });

  test('changes the newest document that the primary has, for one that a majority is known to have may be older', async () => {
    const server = await givenServer();
    const store = await givenStore(server);
    await store.prepare([ORDERS]);
    await store.load('orders@1', ['a']);
    expect(server.commands.find(({ find }) => find === 'orders@1')).toMatchObject({ readConcern: { level: 'local' } });
  });

  test('writes the checkpoint after the documents, and forgets it before they are dropped', async () => {
    const server = await givenServer();
    const store = await givenStore(server);
    await store.prepare([ORDERS]);
    await store.commit('orders', [write('a', 1)], '1');
    await store.drop('orders', ['orders@1']);
    const steps = server.commands.map(
      ({ update, delete: deleted, drop }) => update ?? (deleted && `-${deleted}`) ?? (drop && `-${drop}`),
    );
    expect(steps.filter((step) => step !== undefined)).toEqual([
      'orders@1',
      'tapedeck:checkpoints',
      '-tapedeck:checkpoints',
      '-orders@1',
    ]);
  });

  test.each([
    ['a write that no majority has kept yet', 'update', { ok: 1, n: 1, writeConcernError: { code: 64, errmsg: 'waiting' } }],
    ['a server that hands over to another', 'update', { ok: 0, code: 10_107, codeName: 'NotWritablePrimary', errmsg: 'no' }],
    ['a server that stops', 'find', { ok: 0, code: 11_600, codeName: 'InterruptedAtShutdown', errmsg: 'no' }],
    ['a cursor that went with its server', 'find', { ok: 0, code: 43, codeName: 'CursorNotFound', errmsg: 'no' }],
    ['a look at what is dropped meanwhile', 'find', { ok: 0, code: 175, codeName: 'QueryPlanKilled', errmsg: 'no' }],
    ['a look that takes too long', 'find', { ok: 0, code: 50, codeName: 'MaxTimeMSExpired', errmsg: 'no' }],
  ])('tells %s as something that waiting mends', async (_, command, answer) => {
    const server = await givenServer();
    const store = await givenStore(server, '&retryReads=false');
    await store.prepare([ORDERS]);
    server.faults.answers.set(command, [answer]);
    const call = command === 'update' ? store.commit('orders', [write('a', 1)], '1') : store.load('orders@1', ['a']);
    await expect(call).rejects.toThrow(StoreUnavailableError);
    expect((await store.commit('orders', [write('a', 2)], '2')).size).toBe(1);
  });

  test('tells a connection that is lost in the middle of a write as something that waiting mends', async () => {
    const server = await givenServer();
    const store = await givenStore(server);
    await store.prepare([ORDERS]);
    server.faults.before.set('update', () => server.cut());
    await expect(store.commit('orders', [write('a', 1)], '1')).rejects.toThrow(StoreUnavailableError);
    server.faults.before.clear();
    // It was written, and its answer was lost: the same again is none that is written now.
    expect(await store.commit('orders', [write('a', 1), write('b', 1)], '1')).toEqual(new Set(['orders@1/b']));
  });

  test('does not take a refused write for one that no majority has kept yet', async () => {
    const server = await givenServer();
    const store = await givenStore(server);
    await store.prepare([ORDERS]);
    const answer = {
      ok: 1,
      n: 0,
      writeErrors: [{ index: 0, code: 11_000, errmsg: 'E11000' }],
      writeConcernError: { code: 64, errmsg: 'waiting' },
    };
    server.faults.answers.set('update', [answer]);
    await expect(store.commit('orders', [write('a', 1), write('b', 1)], '1')).rejects.toThrow(StoreUnavailableError);
    expect(await store.checkpoint('orders')).toBe('0');
  });

  test('says that user or password are wrong, without them, and is of use when they are mended', async () => {
    const server = await givenServer();
    const refusal = { ok: 0, code: 18, codeName: 'AuthenticationFailed', errmsg: 'Authentication failed.' };
    server.faults.answers.set('saslStart', [refusal, refusal, refusal]);
    const store = await givenStore(server, '', 'alice:secret@');
    const error: Error = await store.checkpoint('orders').then(
      () => new Error('it was let in'),
      (reason) => reason,
    );
    expect(error).toBeInstanceOf(StoreError);
    expect(error.message).toMatch(
      /^MongoDB at 127\.0\.0\.1:\d+\/models refuses the user of the read store \(AuthenticationFailed\): look at user, password and authSource/,
    );
    expect(error.message).not.toMatch(/alice|secret/);
  });

  test('takes nothing for whole that a server has found until its time was over', async () => {
    const server = await givenServer();
    let passed = 0;
    const store = await givenStore(server, '', '', { ...systemTime, monotonic: () => systemTime.monotonic() + passed });
    await store.prepare([ORDERS]);
    await store.commit('orders', [write('a', 1), write('b', 2)], '2');
    // As FerretDB 1 answers at its limit: with less than there is, and without an error.
    const short = { ok: 1, cursor: { id: 0n, ns: 'models.orders@1', firstBatch: [] } };
    server.faults.answers.set(
      'find',
      Array.from({ length: 4 }, () => short),
    );
    server.faults.before.set('find', () => {
      passed += 10_000;
    });
    await expect(store.load('orders@1', ['a', 'b'])).rejects.toThrow(StoreUnavailableError);
    await expect(store.loadText('orders@1', 'a')).rejects.toThrow(StoreUnavailableError);
    await expect(store.checkpoint('orders')).rejects.toThrow(StoreUnavailableError);
    const page = store.find({ collection: 'orders@1', sort: { field: 'at', isDescending: false }, limit: 10 });
    await expect(page).rejects.toThrow(StoreUnavailableError);
    server.faults.before.delete('find');
    expect(await store.checkpoint('orders')).toBe('2');
  });

  test('says that a server is too old', async () => {
    const server = await givenServer();
    server.faults.maxWireVersion = 6;
    const store = await givenStore(server);
    await expect(store.checkpoint('orders')).rejects.toThrow(StoreError);
    await expect(store.checkpoint('orders')).rejects.toThrow(
      /cannot be used: .*wire version 6.*requires at least \d+ \(MongoDB \d\.\d\)/,
    );
  });

  test('says what else a server refuses', async () => {
    const server = await givenServer();
    const store = await givenStore(server);
    server.faults.answers.set('create', [{ ok: 0, code: 73, codeName: 'InvalidNamespace', errmsg: 'not that name' }]);
    await expect(store.prepare([ORDERS])).rejects.toThrow(/refuses what the read store asks of it: not that name \(73\)/);
  });
});

test('a call that the driver never answers ends after seven seconds, as one that waiting mends', {
  timeout: 10_000,
}, async () => {
  const server = await givenServer();
  const limits = { serverSelectionTimeoutMS: 2_000, connectTimeoutMS: 2_000, waitQueueTimeoutMS: 2_000 };
  const address = parseMongoAddress(`mongodb://127.0.0.1:${server.port}/models`);
  const terms = { ...limits, socketTimeoutMS: 2_000, maxPoolSize: 1 };
  // A second of this time is ten milliseconds.
  const connection = new MongoConnection(address, 'read store', terms, quickened(systemTime, 100));
  open.push(connection);
  const call = connection.calling(() => new Promise<never>(() => {}));
  await expect(call).rejects.toThrow(StoreUnavailableError);
  await expect(call).rejects.toThrow('has not answered the read store for 7 s');
});

test('a call whose socket was destroyed just before is made again at once', async () => {
  const sockets: Socket[] = [];
  const remember = (message: unknown) => void sockets.push((message as { socket: Socket }).socket);
  subscribe('net.client.socket', remember);
  open.push({ close: async () => void unsubscribe('net.client.socket', remember) });
  const store = await givenStore(await givenServer(), '&heartbeatFrequencyMS=60000');
  await store.prepare([ORDERS]);
  await store.commit('orders', [write('a', 1)], '1');
  for (const socket of sockets) socket.destroy();
  // The sockets have not said so yet; without an answer it would be given up after seven seconds.
  expect(await store.checkpoint('orders')).toBe('1');
});
