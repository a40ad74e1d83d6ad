import { describe, expect, it, onTestFinished } from 'vitest';
import type { Projection } from '../../../src/projections/projection.ts';
import { beginBuild, readBuilds, servingCollection } from '../../../src/runtime/projections/builds.ts';
import { startProjection } from '../../../src/runtime/projections/host.ts';
import { type RebuildProgress, rebuildProjection } from '../../../src/runtime/projections/rebuild.ts';
import { quickened } from '../../support/test-time.ts';
import { until } from '../../support/until.ts';
import { ChainTape, chain, loudChain, time } from '../engine/chain.ts';

const TIMEOUT_MS = 10_000;
const forever = new AbortController().signal;

function rebuild(tape: ChainTape, projection: Projection = chain, signal = forever, progress: RebuildProgress[] = []) {
  const options = { time: quickened(time, 8), signal, onProgress: (step: RebuildProgress) => progress.push(step) };
  return rebuildProjection(projection, tape.events, tape.reads, options);
}

/** Two accounts, projected and at rest. */
async function projected(projection: Projection = chain): Promise<ChainTape> {
  const tape = new ChainTape();
  const hosted = await startProjection(projection, tape.events, tape.reads, { time });
  await tape.halt('a', 'x');
  await hosted.waitFor(await tape.halt('b', 'y'), TIMEOUT_MS);
  await hosted.close();
  return tape;
}

describe('a rebuild', () => {
  it('makes the documents again, puts them in place and drops the old ones', async () => {
    const tape = await projected();
    // Something is wrong with a document, which no event will mend.
    const document = { _position: '2', text: 'wrong' };
    await tape.reads.commit('chain@1.1', [{ collection: 'chain@1.1', key: 'a', document }], '2');
    const progress: RebuildProgress[] = [];
    const rebuilt = await rebuild(tape, chain, forever, progress);
    expect(rebuilt).toEqual({ projection: 'chain', collection: 'chain@1.2', position: '2', before: 'chain@1.1' });
    expect(await tape.texts('chain@1.2', 'a', 'b')).toEqual({ a: 'x', b: 'y' });
    expect(await servingCollection(tape.reads, chain)).toBe('chain@1.2');
    await expect(tape.texts('chain@1.1', 'a')).rejects.toThrow('was not prepared');
    expect(progress.at(-1)).toEqual({ collection: 'chain@1.2', position: '2', head: '2' });
    expect((await readBuilds(tape.reads, ['chain'])).get('chain')).toMatchObject({ next: null, retired: [], made: 2 });
  });

  it('is taken up by a running system, which misses nothing on the way', async () => {
    const tape = await projected();
    const hosted = await startProjection(chain, tape.events, tape.reads, { time });
    onTestFinished(() => hosted.close());
    let isDone = false;
    const rebuilding = rebuild(tape).finally(() => {
      isDone = true;
    });
    let [position, count] = ['', 0];
    const halting = until(async () => {
      position = await tape.halt('a', '.');
      count++;
      return isDone;
    });
    expect(await rebuilding).toMatchObject({ before: 'chain@1.1', collection: 'chain@1.2' });
    await halting;
    expect(await hosted.waitFor(position, TIMEOUT_MS)).toBe(true);
    expect(hosted.progress().collection).toBe('chain@1.2');
    expect(await tape.texts('chain@1.2', 'a', 'b')).toEqual({ a: `x${'.'.repeat(count)}`, b: 'y' });
  });

  it('puts an older version back in place of a newer one, which a running system of the older one goes on with', async () => {
    const tape = await projected(loudChain);
    const hosted = await startProjection(chain, tape.events, tape.reads, { time });
    onTestFinished(() => hosted.close());
    expect(await rebuild(tape)).toMatchObject({ before: 'chain@2.1', collection: 'chain@1.2' });
    expect(await hosted.waitFor(await tape.halt('a', 'z'), TIMEOUT_MS)).toBe(true);
    expect(await tape.texts('chain@1.2', 'a', 'b')).toEqual({ a: 'xz', b: 'y' });
  });

  it('is stopped by the first event that cannot be applied, with the reason, and changes nothing', async () => {
    const tape = await projected();
    await tape.halt('a', 'poison');
    await expect(rebuild(tape)).rejects.toThrow(
      /^TradingHalted .* of account-a, at position 3, cannot be applied to chain@1\.2, its document is "a": cannot swallow poison$/,
    );
    expect(await servingCollection(tape.reads, chain)).toBe('chain@1.1');
    expect((await readBuilds(tape.reads, ['chain'])).get('chain')).toMatchObject({ next: null, retired: [] });
    await expect(tape.texts('chain@1.2', 'a')).rejects.toThrow('was not prepared');
  });

  it('says so too when the documents that an event is about cannot be told', async () => {
    const tape = await projected();
    await tape.halt('a', 'nameless');
    await expect(rebuild(tape)).rejects.toThrow(/the documents that it is about cannot be told: no key$/);
  });

  it('can be stopped', async () => {
    const tape = await projected();
    const stop = new AbortController();
    stop.abort();
    await expect(rebuild(tape, chain, stop.signal)).rejects.toThrow(
      'chain@1.2 was given up, and what served before is untouched',
    );
    expect(await servingCollection(tape.reads, chain)).toBe('chain@1.1');
  });

  it('gives way to one that was begun after it', async () => {
    const tape = await projected();
    const rebuilding = rebuild(tape);
    await until(async () => (await readBuilds(tape.reads, ['chain'])).get('chain')?.next?.build === 2);
    await beginBuild(tape.reads, chain);
    await expect(rebuilding).rejects.toThrow('another rebuild was begun after this one');
    expect((await readBuilds(tape.reads, ['chain'])).get('chain')).toMatchObject({ next: { build: 3 }, retired: [] });
  });

  it('puts an older version back in its place when a person asks for it', async () => {
    const tape = await projected({ ...chain, version: 2 });
    expect(await rebuild(tape)).toMatchObject({ before: 'chain@2.1', collection: 'chain@1.2' });
    expect(await servingCollection(tape.reads, chain)).toBe('chain@1.2');
  });
});
