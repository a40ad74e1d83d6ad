/** The tape on a cluster: its leader is found, and after any number of outages as many connections are open as before. */

import { expect, test } from 'vitest';
import { START } from '../../../src/tape/envelope.ts';
import { run } from '../../contracts/tape-events.ts';
import { EventStoreCluster } from '../../servers/event-store/cluster.ts';
import { counts } from '../../support/scale.ts';
import { closeAfterwards, givenStore, SHORT_TIMEOUTS } from './given-server.ts';

/** Long for a busy machine: they are closed at once. */
const CLOSED_MS = 10_000;

async function givenCluster() {
  const cluster = await EventStoreCluster.start();
  closeAfterwards({ close: () => cluster.stop() });
  const store = givenStore(cluster.address, { ...SHORT_TIMEOUTS, callMs: 2_000 });
  let length = 0;
  /** Appends one event more; resolves when it is there. */
  const append = async (): Promise<void> => {
    const number = length++;
    await store.append('feed-a', number === 0 ? 'no-stream' : number - 1, run('feed-a', number, number));
  };
  const isWhole = async (): Promise<void> => {
    const events = await store.read({ stream: 'feed-a', limit: 10_000 });
    expect(events.map(({ revision }) => revision)).toEqual(Array.from({ length }, (_, index) => index));
    expect(cluster.records).toHaveLength(length);
  };
  return { cluster, store, append, isWhole };
}

test('an append that another node must take is refused with the name of the leader, and made there', async () => {
  const { cluster, append, isWhole } = await givenCluster();
  await append();
  cluster.changeLeader();
  await append();
  await isWhole();
});

test('followers that are named while there is no leader are not asked to write: the leader is waited for', async () => {
  const { cluster, append, isWhole } = await givenCluster();
  await append();
  const [first, second] = [cluster.leader, (cluster.leader + 1) % 3];
  await cluster.stopNode(first);
  await cluster.stopNode(second);
  const before = cluster.node((first + 2) % 3).connections;
  const appending = append();
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(cluster.node((first + 2) % 3).connections).toBe(before);
  await cluster.startNode(first);
  await appending;
  await isWhole();
});

test('what a leader had alone when it lost the lead is written once, by the next', async () => {
  const { cluster, append, isWhole } = await givenCluster();
  await append();
  const ended = cluster.leader;
  const failing = cluster.failOver();
  const appending = append();
  await failing;
  await appending;
  await isWhole();
  // Not started again, it is missing at the next failover.
  await cluster.stopNode(cluster.leader);
  const waiting = append();
  await cluster.startNode(ended);
  await waiting;
  await isWhole();
});

test('after changes of the leader and losses of the majority there are as many connections as before', {
  timeout: 300_000,
}, async () => {
  const { cluster, store, append, isWhole } = await givenCluster();
  const seen = new Set<string>();
  store.subscribe({ after: START, onEvents: (events) => void events.map(({ id }) => seen.add(id)) });
  await append();
  await expect.poll(() => cluster.sessions, { timeout: CLOSED_MS }).toBe(1);
  for (let change = 0; change < counts.leaderChanges; change++) {
    cluster.changeLeader();
    await append();
  }
  for (let loss = 0; loss < counts.majorityLosses; loss++) {
    const down = [cluster.leader, (cluster.leader + 1) % 3];
    for (const node of down) await cluster.stopNode(node);
    const appending = append();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    for (const node of down) await cluster.startNode(node);
    await appending;
  }
  await isWhole();
  await expect.poll(() => seen.size, { timeout: 10_000 }).toBe(1 + counts.leaderChanges + counts.majorityLosses);
  await expect.poll(() => cluster.sessions, { timeout: CLOSED_MS }).toBe(1);
});
