/** Law 4 for a rebuild: SIGKILL at any statement leaves what served, and the next rebuild leaves nothing else behind. */

import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openEventStore, openReadStore } from '../../../src/adapters/open.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { orders } from '../../../src/projections/orders.ts';
import { type Builds, collectionOf, readBuilds } from '../../../src/runtime/projections/builds.ts';
import { verifyProjection } from '../../../src/runtime/projections/verify.ts';
import { ROOT, startNode } from '../../support/child.ts';
import { timeAt } from '../../support/test-time.ts';
import { givenTape } from '../given-tape.ts';

const DIE = join(ROOT, 'test', 'support', 'die-at-statement.ts');
const MAIN = join(ROOT, 'src', 'main.ts');
/** Statements at which it is killed: from its beginning, over the swap, to where the old build waits to be dropped. */
const POINTS = [15, 40, 65, 80, 95, 105, 115, 125, 135, 200];

const tape = givenTape();

function rebuild(folder: string, env: Record<string, string>) {
  return startNode(['--import', DIE, MAIN, 'projections', 'rebuild', 'orders'], { TAPEDECK_DATA: folder, ...env }).ended;
}

/** Compares what serves with the tape; returns the builds there are. */
async function verified(folder: string): Promise<Builds> {
  const events = await openEventStore(`sqlite:${join(folder, 'tape.sqlite')}`, timeAt(0));
  const reads = await openReadStore(`sqlite:${join(folder, 'read-models.sqlite')}`, systemTime);
  try {
    const { differing, documents, position } = await verifyProjection(orders, events, reads, { onProgress: () => {} });
    expect([differing, position]).toEqual([0, await events.head()]);
    expect(documents).toBeGreaterThan(5);
    const builds = (await readBuilds(reads, ['orders'])).get('orders');
    if (builds === undefined) throw new Error('a build serves');
    for (let build = 1; build <= builds.made; build++) {
      const isKnown = [builds.serving, builds.next, ...builds.retired].some((one) => one?.build === build);
      const loading = reads.load(collectionOf(orders, { version: orders.version, build }), ['x']);
      // One that is known may not be made yet, or be dropped already.
      if (isKnown) await loading.catch(() => {});
      else await expect(loading).rejects.toThrow('was not prepared');
    }
    return builds;
  } finally {
    await reads.close();
    await events.close();
  }
}

it(`killed at ${POINTS.length} points, a rebuild leaves what served, or serves itself`, { timeout: 120_000 }, async () => {
  const folder = tape.copy();
  let served = (await verified(folder)).serving.build;
  const kills = { before: 0, after: 0 };
  for (const point of POINTS) {
    const { signal } = await rebuild(folder, { DIE_AT: String(point) });
    const { serving, made } = await verified(folder);
    expect([served, made]).toContain(serving.build);
    if (signal === 'SIGKILL') kills[serving.build === served ? 'before' : 'after']++;
    served = serving.build;
  }
  expect(kills.before).toBeGreaterThan(3);
  expect(kills.after).toBeGreaterThan(0);
  expect((await rebuild(folder, {})).code).toBe(0);
  expect(await verified(folder)).toMatchObject({ next: null, retired: [] });
});
