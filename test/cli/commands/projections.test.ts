import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openReadStore } from '../../../src/adapters/open.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import type { DocumentWrite, ReadStore } from '../../../src/ports/read-store.ts';
import { PROJECTIONS } from '../../../src/projections/projections.ts';
import { givenTape, linesOf } from '../given-tape.ts';

const tape = givenTape();
const NAMES = PROJECTIONS.map(({ name }) => name);

/** Works on the read models of a tape that nobody else has open. */
async function withReads<T>(folder: string, work: (reads: ReadStore) => Promise<T>): Promise<T> {
  const reads = await openReadStore(`sqlite:${join(folder, 'read-models.sqlite')}`, systemTime);
  try {
    return await work(reads);
  } finally {
    await reads.close();
  }
}

/** Replaces the account's document by one that says something else of its currency. */
async function spoilAccount(folder: string): Promise<void> {
  await withReads(folder, async (reads) => {
    const key = 'paper-coinbase';
    const document = (await reads.load('accounts@4.1', [key])).get(key);
    if (document === undefined) throw new Error('the account is there');
    const position = await reads.checkpoint('accounts@4.1');
    const write: DocumentWrite = {
      collection: 'accounts@4.1',
      key,
      document: { ...document, currency: 'XXX', _position: position },
    };
    await reads.commit('accounts@4.1', [write], position);
  });
}

it('tapedeck projections show prints the documents of one, as its list shows them, in the order of the API', async () => {
  const shown = linesOf(await tape.run(['projections', 'show', 'orders', '--limit', '3']));
  const newestFirst = linesOf(await tape.run(['orders', '--limit', '100000']));
  expect(shown).toEqual(newestFirst.toReversed().slice(0, 3));
  const unknown = await tape.run(['projections', 'show', 'denials']);
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('there is no projection "denials", but ')]);
});

describe('tapedeck projections list', () => {
  it('shows of each read model what serves and how far it is', async () => {
    const listed = linesOf(await tape.run(['projections', 'list', '--json']));
    expect(listed.map(({ projection }) => projection)).toEqual(NAMES);
    const [status] = linesOf(await tape.run(['status', '--json']));
    for (const row of listed) {
      expect(row).toMatchObject({
        collection: `${row.projection}@${row.version}.1`,
        position: status.tape.head,
        caughtUp: true,
        lagMs: 0,
      });
      expect(row).toMatchObject({ building: null, parkedKeys: 0, parkedEvents: 0 });
    }
  });
});

describe('tapedeck projections verify', () => {
  it('finds every read model as the tape has it', async () => {
    const verified = linesOf(await tape.run(['projections', 'verify']));
    expect(verified.map(({ projection, differing }) => [projection, differing])).toEqual(NAMES.map((name) => [name, 0]));
    expect(verified.find(({ projection }) => projection === 'bars').documents).toBeGreaterThan(300);
  });

  it('exits 1 with what differs', async () => {
    const folder = tape.copy();
    await spoilAccount(folder);
    const [verified] = linesOf(await tape.run(['projections', 'verify', 'accounts'], folder), 1);
    expect(verified).toMatchObject({ collection: 'accounts@4.1', differing: 1 });
    expect(verified.differences[0]).toMatchObject({ key: 'paper-coinbase' });
  });

  it('refuses a name that is none, naming those that are', async () => {
    const { code, stderr } = await tape.run(['projections', 'verify', 'order']);
    expect(code).toBe(2);
    expect(stderr).toBe(`tapedeck: there is no projection "order", but ${NAMES.join(', ')}\n`);
  });
});

describe('tapedeck projections rebuild', () => {
  it('mends a read model, and is followed by a running system', async () => {
    const folder = tape.copy();
    await spoilAccount(folder);
    const system = await tape.system(folder);
    const address = /"address":"(http:[^"]+)"/.exec(system.output())?.[1];
    const currency = async (): Promise<string> => {
      const account = (await (await fetch(`${address}/v1/accounts/paper-coinbase`)).json()) as { currency: string };
      return account.currency;
    };
    expect(await currency()).toBe('XXX');

    const [rebuilt] = linesOf(await tape.run(['projections', 'rebuild', 'accounts'], folder));
    expect(rebuilt).toMatchObject({ projection: 'accounts', collection: 'accounts@4.2', before: 'accounts@4.1' });
    expect(await currency()).toBe('USD');
    expect((await fetch(`${address}/readyz`)).status).toBe(200);
    linesOf(await tape.run(['projections', 'verify', 'accounts'], folder));
    system.process.kill('SIGTERM');
    expect((await system.ended).code).toBe(0);
  });

  it('works where no system is running', async () => {
    const folder = tape.copy();
    const [{ position }] = linesOf(await tape.run(['projections', 'rebuild', 'orders'], folder));
    const listed = linesOf(await tape.run(['projections', 'list'], folder));
    expect(listed.find(({ projection }) => projection === 'orders')).toMatchObject({ collection: 'orders@4.2', position });
    await withReads(folder, async (reads) => {
      await expect(reads.load('orders@4.1', ['x'])).rejects.toThrow('was not prepared');
    });
  });
});

describe('tapedeck projections parked and retry', () => {
  it('show and apply what a mended build can apply', async () => {
    const folder = tape.copy();
    const [last] = linesOf(await tape.run(['events', '--category', 'signals', '--limit', '1', '--order', 'desc'], folder));
    // As an earlier build that could not apply the last signal would have left it.
    await withReads(folder, async (reads) => {
      await reads.drop('none', ['signals@3.1']);
      await reads.prepare([{ name: 'signals@3.1', indexes: [['sequence']] }]);
      const { id: key, position } = last;
      const parked = { key, keyless: false, eventId: key, type: last.type, stream: last.stream, position, error: 'too new' };
      const document = { ...parked, _position: '1', sequence: position.padStart(20, '0') };
      const collection = 'signals@3.1-parked';
      await reads.commit('signals@3.1', [{ collection, key: `${key}/${position}`, document }], position);
    });
    expect(linesOf(await tape.run(['projections', 'parked'], folder))).toMatchObject([
      { projection: 'signals', key: last.id, type: 'SignalGenerated', error: 'too new', events: 1 },
    ]);
    expect(linesOf(await tape.run(['projections', 'retry', 'signals', last.id], folder))).toEqual([
      { projection: 'signals', key: last.id, applied: 1, eventId: null, error: null },
    ]);
    expect(linesOf(await tape.run(['projections', 'parked', 'signals'], folder))).toEqual([]);
    await withReads(folder, async (reads) => {
      expect((await reads.load('signals@3.1', [last.id])).get(last.id)).toMatchObject({ id: last.id, _position: last.position });
    });
  });

  it('refuses to retry what is not parked', async () => {
    const { code, stderr } = await tape.run(['projections', 'retry', 'orders', 'x']);
    expect([code, stderr]).toEqual([
      2,
      'tapedeck: nothing is parked for the document "x" of orders@4.1: "./tapedeck projections parked" lists what is\n',
    ]);
  });
});
