/**
 * SIGTERM at random moments, on each store: the process is gone in time, its leases are given back, and what one start
 * after the other leaves is what one run leaves.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { EventStoreServer } from '../servers/event-store/server.ts';
import { MongoServer } from '../servers/mongodb/server.ts';
import { type Child, endChildrenAfterwards } from '../support/child.ts';
import { type Contents, differencesOf } from '../support/digests.ts';
import { writeRecordedHeads } from '../support/recorded-heads.ts';
import { counts } from '../support/scale.ts';
import { seeded } from '../support/seeded.ts';
import { contentsOfRun, heldLeases, type RunStores, startRun } from '../support/system-run.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';

endChildrenAfterwards();
const temporary = new TemporaryFolder();
const [CANDLES, FRAMES] = [400, 2_500];
const settings = writeRecordedHeads(temporary.path, CANDLES, FRAMES);
/** From SIGTERM to the end of the process. */
const GONE_MS = 5_000;
const GONE_WITHOUT_STORE_MS = 10_000;

function storesIn(name: string, addresses: Pick<RunStores, 'eventStore' | 'readStore'> = {}): RunStores {
  const data = join(temporary.path, name);
  mkdirSync(data);
  return { data, settings, ...addresses };
}

/** Milliseconds until it is gone; it must say nothing and end with code 0. */
async function end(child: Child): Promise<number> {
  const began = performance.now();
  child.process.kill('SIGTERM');
  const { code, signal, stdout, stderr } = await child.ended;
  // Before it listens for signals it has done nothing.
  const isEarly = signal === 'SIGTERM' && stdout === '';
  if (!isEarly) expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
  return performance.now() - began;
}

/** Runs to the end of what is recorded. */
async function wholeRun(stores: RunStores): Promise<Contents> {
  const child = startRun(stores);
  await child.saw('"msg":"summary"');
  await end(child);
  return contentsOfRun(stores);
}

/** Starts and ends it, each time at another moment of what is left, and then lets it come to the end. */
async function endAgainAndAgain(stores: RunStores, random: () => number, wholeMs: number): Promise<Contents> {
  for (let ends = 0; ends < counts.ends; ends++) {
    const child = startRun(stores);
    // It listens for signals once it runs.
    if (random() < 0.9) await child.saw('"msg"');
    await new Promise((resolve) => setTimeout(resolve, random() * wholeMs));
    expect(await end(child)).toBeLessThan(GONE_MS);
    expect(await heldLeases(stores)).toEqual([]);
  }
  return wholeRun(stores);
}

let clean: Promise<Contents> | undefined;
function cleanRun(): Promise<Contents> {
  clean ??= wholeRun(storesIn('clean'));
  return clean;
}

it('on the embedded stores', { timeout: 60_000 + counts.ends * 10_000 }, async () => {
  const expected = await cleanRun();
  expect(differencesOf(expected, await endAgainAndAgain(storesIn('embedded'), seeded(1), 1_500))).toEqual([]);
});

async function givenServer(): Promise<{ readonly server: EventStoreServer; readonly eventStore: string }> {
  const server = await EventStoreServer.start();
  onTestFinished(() => server.stop());
  return { server, eventStore: `esdb://127.0.0.1:${server.port}?tls=false` };
}

async function givenMongo(): Promise<{ readonly mongo: MongoServer; readonly readStore: string }> {
  const mongo = await MongoServer.start();
  onTestFinished(async () => {
    await mongo.stop().catch(() => undefined);
  });
  return { mongo, readStore: `mongodb://127.0.0.1:${mongo.port}/ending` };
}

it('on a tape in EventStoreDB', { timeout: 60_000 + counts.ends * 10_000 }, async () => {
  const expected = await cleanRun();
  const { eventStore } = await givenServer();
  const stores = storesIn('eventstoredb', { eventStore });
  expect(differencesOf(expected, await endAgainAndAgain(stores, seeded(2), 4_000))).toEqual([]);
});

it('on a tape in EventStoreDB with read models in MongoDB', { timeout: 60_000 + counts.ends * 10_000 }, async () => {
  const expected = await cleanRun();
  const [{ eventStore }, { readStore }] = [await givenServer(), await givenMongo()];
  const stores = storesIn('mongodb', { eventStore, readStore });
  expect(differencesOf(expected, await endAgainAndAgain(stores, seeded(3), 6_000))).toEqual([]);
});

/** All is recorded, and the engine has begun to decide on it, with most of a minute before it. */
async function givenBacklog(name: string) {
  const { server, eventStore } = await givenServer();
  const stores = storesIn(name, { eventStore });
  const recording = startRun(stores, '--roles', 'ingest,projections');
  await recording.saw('"msg":"summary"');
  await end(recording);
  const recorded = server.log.records.length;
  server.faults.answerAfterMs = 50;
  const child = startRun(stores);
  await expect.poll(() => server.log.records.length, { timeout: 30_000 }).toBeGreaterThan(recorded + 20);
  return { server, stores, child, recorded };
}

it('while the engine is behind, which decides no further', { timeout: 120_000 }, async () => {
  const expected = await cleanRun();
  const { server, stores, child, recorded } = await givenBacklog('behind');
  expect(await end(child)).toBeLessThan(GONE_MS);
  expect(await heldLeases(stores)).toEqual([]);
  const decided = server.log.records.length - recorded;
  expect(decided).toBeLessThan((expected.tape.length - recorded) / 2);
  server.faults.answerAfterMs = 0;
  expect(differencesOf(expected, await wholeRun(stores))).toEqual([]);
});

it.each(['silent', 'away'] as const)('while the tape is %s', { timeout: 120_000 }, async (how) => {
  const expected = await cleanRun();
  const { server, stores, child } = await givenBacklog(how);
  if (how === 'away') server.faults.refuse = 'unavailable';
  else server.faults.isSilent = true;
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(await end(child)).toBeLessThan(GONE_WITHOUT_STORE_MS);
  expect(await heldLeases(stores)).toEqual([]);
  server.faults.refuse = undefined;
  server.faults.isSilent = false;
  server.faults.answerAfterMs = 0;
  expect(differencesOf(expected, await wholeRun(stores))).toEqual([]);
});

it('while the read store is away', { timeout: 60_000 }, async () => {
  const [{ server, eventStore }, { mongo, readStore }] = [await givenServer(), await givenMongo()];
  server.faults.answerAfterMs = 20;
  const child = startRun(storesIn('no-reads', { eventStore, readStore }));
  await child.saw('"msg":"recording ingested"');
  await mongo.stop();
  const began = performance.now();
  child.process.kill('SIGTERM');
  // Its calls have limits of their own, several in a row at times: then it kills itself.
  const { signal } = await child.ended;
  expect([null, 'SIGKILL']).toContain(signal);
  expect(performance.now() - began).toBeLessThan(GONE_WITHOUT_STORE_MS);
});
