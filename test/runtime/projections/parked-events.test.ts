import { describe, expect, it, onTestFinished } from 'vitest';
import type { Projection } from '../../../src/projections/projection.ts';
import { type HostedProjection, startProjection } from '../../../src/runtime/projections/host.ts';
import { listStandstills, retryParked } from '../../../src/runtime/projections/parked-events.ts';
import { until } from '../../support/until.ts';
import { ChainTape, chain, time } from '../engine/chain.ts';

const TIMEOUT_MS = 10_000;

/** A chain that can be taught to swallow poison, as by a mended build. */
function mendable(): Projection<{ text: string }> & { poisons: string[] } {
  const projection: Projection<{ text: string }> & { poisons: string[] } = {
    ...chain,
    poisons: ['poison'],
    apply(document, event) {
      const { text = '' } = document ?? {};
      if (event.type !== 'TradingHalted') throw new Error('not mine');
      if (projection.poisons.includes(event.data.reason)) throw new Error(`cannot swallow ${event.data.reason}`);
      return { text: text + event.data.reason };
    },
  };
  return projection;
}

async function host(tape: ChainTape, projection: Projection): Promise<HostedProjection> {
  const hosted = await startProjection(projection, tape.events, tape.reads, { time });
  onTestFinished(() => hosted.close());
  return hosted;
}

/** `a` stands still at its second event of four; `b` goes on. */
async function standstill(projection: Projection) {
  const tape = new ChainTape();
  const hosted = await host(tape, projection);
  for (const reason of ['x', 'poison', 'y', 'z']) await tape.halt('a', reason);
  await hosted.waitFor(await tape.halt('b', 'v'), TIMEOUT_MS);
  return { tape, hosted };
}

describe('what is parked', () => {
  it('is listed with the event that holds each document back, its reason, and how much waits behind it', async () => {
    const { tape } = await standstill(chain);
    expect(await listStandstills(tape.reads, chain)).toEqual([
      {
        projection: 'chain',
        collection: 'chain@1.1',
        key: 'a',
        eventId: '00000000-0000-5000-8000-000000000002',
        type: 'TradingHalted',
        stream: 'account-a',
        position: '2',
        error: 'cannot swallow poison',
        events: 3,
      },
    ]);
  });

  it('stays parked, with its reason, when it is retried in vain', async () => {
    const { tape, hosted } = await standstill(chain);
    const { applied, failed } = await retryParked(chain, tape.events, tape.reads, 'a');
    expect([applied, failed?.event.position, failed?.error]).toEqual([0, '2', 'cannot swallow poison']);
    expect(hosted.progress()).toMatchObject({ parkedKeys: 1, parkedEvents: 3 });
    expect(await tape.texts('chain@1.1', 'a', 'b')).toEqual({ a: 'x', b: 'v' });
  });

  it('is applied in order by a retry of a mended build, and the document goes on', async () => {
    const projection = mendable();
    const { tape, hosted } = await standstill(projection);
    projection.poisons = [];
    expect(await retryParked(projection, tape.events, tape.reads, 'a')).toEqual({ applied: 3, failed: null });
    expect(await listStandstills(tape.reads, projection)).toEqual([]);
    // The running system notices, without an event.
    await until(() => hosted.progress().parkedKeys === 0);
    await hosted.waitFor(await tape.halt('a', '!'), TIMEOUT_MS);
    expect(await tape.texts('chain@1.1', 'a')).toEqual({ a: 'xpoisonyz!' });
  });

  it('goes on to the next event that cannot be applied, and tells its reason instead', async () => {
    const projection = mendable();
    const { tape } = await standstill(projection);
    projection.poisons = ['z'];
    const { applied, failed } = await retryParked(projection, tape.events, tape.reads, 'a');
    expect([applied, failed?.error]).toEqual([2, 'cannot swallow z']);
    expect(await listStandstills(tape.reads, projection)).toMatchObject([
      { key: 'a', position: '4', error: 'cannot swallow z', events: 1 },
    ]);
  });

  it('loses nothing when a document is retried while more is parked for it', async () => {
    const projection = mendable();
    const { tape, hosted } = await standstill(projection);
    projection.poisons = [];
    let [expected, isDone, position] = ['xpoisonyz', false, ''];
    const halting = until(async () => {
      position = await tape.halt('a', '.');
      expected += '.';
      return isDone;
    });
    for (let time = 0; time < 20; time++) {
      await retryParked(projection, tape.events, tape.reads, 'a').catch(() => {});
    }
    isDone = true;
    await halting;
    await hosted.waitFor(position, TIMEOUT_MS);
    await until(() => hosted.progress().parkedKeys === 0);
    expect(await tape.texts('chain@1.1', 'a')).toEqual({ a: expected });
  });

  it('is taken up after a restart in the middle of a retry', async () => {
    const projection = mendable();
    const { tape, hosted } = await standstill(projection);
    await hosted.close();
    projection.poisons = [];
    // The first parked event is in the document; the process that applied it is gone.
    const document = { _position: '2', text: 'xpoison' };
    await tape.reads.commit('chain@1.1', [{ collection: 'chain@1.1', key: 'a', document }], '0');
    const again = await host(tape, projection);
    await until(() => again.progress().parkedKeys === 0);
    expect(await tape.texts('chain@1.1', 'a')).toEqual({ a: 'xpoisonyz' });
  });

  it('is not to be retried where nothing is parked, or where the documents could not be told', async () => {
    const { tape, hosted } = await standstill(chain);
    await expect(retryParked(chain, tape.events, tape.reads, 'b')).rejects.toThrow('nothing is parked for the document "b"');
    await hosted.waitFor(await tape.halt('c', 'nameless'), TIMEOUT_MS);
    const [, keyless] = await listStandstills(tape.reads, chain);
    expect(keyless).toMatchObject({ error: 'no key', position: '6' });
    await expect(retryParked(chain, tape.events, tape.reads, keyless?.key ?? '')).rejects.toThrow(
      'run "./tapedeck projections rebuild chain"',
    );
  });
});
