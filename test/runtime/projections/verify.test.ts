import { describe, expect, it, onTestFinished } from 'vitest';
import type { ReadDocument, ReadStore } from '../../../src/ports/read-store.ts';
import { startProjection } from '../../../src/runtime/projections/host.ts';
import { verifyProjection } from '../../../src/runtime/projections/verify.ts';
import { alteredReads } from '../../support/altered-stores.ts';
import { ChainTape, chain, time } from '../engine/chain.ts';

const TIMEOUT_MS = 10_000;
const quiet = { onProgress: () => {} };

/** Three accounts; `c` stands still. The projection runs on. */
async function projected() {
  const tape = new ChainTape();
  const hosted = await startProjection(chain, tape.events, tape.reads, { time });
  onTestFinished(() => hosted.close());
  const halts = [
    ['a', 'x'],
    ['b', 'y'],
    ['a', 'z'],
    ['c', 'u'],
    ['c', 'poison'],
    ['c', 'v'],
  ] as const;
  for (const [account, reason] of halts) await hosted.waitFor(await tape.halt(account, reason), TIMEOUT_MS);
  return { tape, hosted };
}

function changed(reads: ReadStore, change: (documents: Map<string, ReadDocument>) => void): ReadStore {
  return alteredReads(reads, {
    load: async (name, keys) => {
      const documents = new Map(await reads.load(name, keys));
      if (name === 'chain@1.1') change(documents);
      return documents;
    },
    find: async (query) => {
      const documents = new Map((await reads.find(query)).map(({ key, document }) => [key, document]));
      if (query.collection === 'chain@1.1') change(documents);
      return [...documents].map(([key, document]) => ({ key, document }));
    },
  });
}

describe('a comparison with the tape', () => {
  it('finds documents that are as the tape has them, those that stand still too', async () => {
    const { tape } = await projected();
    expect(await verifyProjection(chain, tape.events, tape.reads, quiet)).toEqual({
      projection: 'chain',
      collection: 'chain@1.1',
      position: '6',
      documents: 3,
      parkedKeys: 1,
      differing: 0,
      differences: [],
    });
  });

  it('lets a document stand still as long as it does in the read store', async () => {
    const { tape, hosted } = await projected();
    let position = '';
    for (let count = 0; count < 600; count++) position = await tape.halt('c', 'w');
    await hosted.waitFor(position, TIMEOUT_MS);
    const verified = await verifyProjection(chain, tape.events, tape.reads, quiet);
    expect(verified).toMatchObject({ position, parkedKeys: 1, differing: 0 });
  });

  it('tells what differs, is missing, or should not be there', async () => {
    const { tape } = await projected();
    const reads = changed(tape.reads, (documents) => {
      if (documents.has('a')) documents.set('a', { _position: '3', text: 'xx' });
      documents.delete('b');
      documents.set('ghost', { _position: '1', text: 'boo' });
    });
    const { differing, differences } = await verifyProjection(chain, tape.events, reads, quiet);
    expect(differing).toBe(3);
    expect(differences).toEqual([
      { key: 'a', path: 'text', stored: 'xx', folded: 'xz' },
      { key: 'b', path: '', stored: undefined, folded: { _position: '2', text: 'y' } },
      { key: 'ghost', path: '', stored: { _position: '1', text: 'boo' }, folded: undefined },
    ]);
  });

  it('takes no document for different that a running system has changed meanwhile, and still sees a wrong one', async () => {
    const { tape, hosted } = await projected();
    let hasMoved = false;
    const onProgress = async () => {};
    const move = async (reason: string) => hosted.waitFor(await tape.halt('a', reason), TIMEOUT_MS);
    const reads = alteredReads(tape.reads, {
      find: async (query) => {
        if (!hasMoved && query.collection === 'chain@1.1') {
          hasMoved = true;
          await move('!');
          await move('?');
        }
        return tape.reads.find(query);
      },
    });
    expect(await verifyProjection(chain, tape.events, reads, { onProgress })).toMatchObject({ position: '6', differing: 0 });
    const wrong = changed(tape.reads, (documents) => {
      if (documents.has('a')) documents.set('a', { _position: '8', text: 'xz!' });
    });
    expect(await verifyProjection(chain, tape.events, wrong, quiet)).toMatchObject({ position: '8', differing: 1 });
  });

  it('is to be made again when the build gave way meanwhile', async () => {
    const { tape } = await projected();
    const reads = alteredReads(tape.reads, {
      find: async () => {
        const document = { _position: '9', serving: { version: 1, build: 2 }, next: null, retired: [], made: 2 };
        await tape.reads.commit('builds', [{ collection: 'builds', key: 'chain', document }], '9');
        throw new Error('the collection "chain@1.1" was not prepared');
      },
    });
    await expect(verifyProjection(chain, tape.events, reads, quiet)).rejects.toThrow('chain@1.1 gave way to chain@1.2');
  });
});
