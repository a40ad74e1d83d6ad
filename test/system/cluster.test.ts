/**
 * The whole system on a cluster of three small servers: the leader changes, nodes end after a failover, the majority is
 * lost, all while it works. It leaves what an embedded run leaves, and as many connections as it began with.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { EventStoreCluster } from '../servers/event-store/cluster.ts';
import { endChildrenAfterwards } from '../support/child.ts';
import { differencesOf } from '../support/digests.ts';
import { writeRecordedHeads } from '../support/recorded-heads.ts';
import { counts } from '../support/scale.ts';
import { contentsOfRun, type RunStores, startRun } from '../support/system-run.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';

endChildrenAfterwards();
const temporary = new TemporaryFolder();
const settings = writeRecordedHeads(temporary.path, 400, 2_500);
/** One of the main thread, one of the API's. */
const CONNECTIONS = 2;
const AWAY_MS = 2_000;
const BACK_MS = 30_000;

function storesIn(name: string, eventStore?: string): RunStores {
  const data = join(temporary.path, name);
  mkdirSync(data);
  return { data, settings, ...(eventStore === undefined ? {} : { eventStore }) };
}

it('trades through changes of the leader, failovers and losses of the majority', {
  timeout: 60_000 + (counts.leaderChanges + counts.majorityLosses) * 30_000,
}, async () => {
  const embedded = storesIn('embedded');
  const one = startRun(embedded);
  await one.saw('"msg":"summary"');
  one.process.kill('SIGTERM');
  await one.ended;

  const cluster = await EventStoreCluster.start();
  onTestFinished(() => cluster.stop());
  // So that there is work left at the last outage.
  cluster.answerAfterMs = 10;
  const stores = storesIn('cluster', cluster.address);
  const run = startRun(stores);
  const grown = async (): Promise<void> => {
    const before = cluster.records.length;
    await expect.poll(() => cluster.records.length, { timeout: BACK_MS }).toBeGreaterThan(before);
  };
  await run.saw('"msg":"serving');
  await grown();
  for (let change = 0; change < counts.leaderChanges; change++) {
    const ended = cluster.leader;
    if (change % 2 === 0) cluster.changeLeader();
    else {
      await cluster.failOver();
      await cluster.startNode(ended);
    }
    await grown();
  }
  for (let loss = 0; loss < counts.majorityLosses; loss++) {
    const down = [cluster.leader, (cluster.leader + 1) % 3];
    for (const node of down) await cluster.stopNode(node);
    await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
    for (const node of down) await cluster.startNode(node);
    await grown();
  }
  cluster.answerAfterMs = 0;
  await run.saw('"msg":"summary"');
  await expect.poll(() => cluster.sessions, { timeout: BACK_MS }).toBe(CONNECTIONS);
  run.process.kill('SIGTERM');
  expect(await run.ended).toMatchObject({ code: 0, stderr: '' });
  expect(differencesOf(await contentsOfRun(embedded), await contentsOfRun(stores))).toEqual([]);
});
