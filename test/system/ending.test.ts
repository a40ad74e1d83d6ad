/**
 * SIGTERM at random moments, on each store: the process is gone in time, its leases are given back, and what one start
 * after the other leaves is what one run leaves.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openEventStore, openLeases, openReadStore } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { EventStoreServer } from '../servers/event-store/server.ts';
import { type Child, endChildrenAfterwards, startTapedeck } from '../support/child.ts';
import { type Contents, contentsOf, differencesOf } from '../support/digests.ts';
import { writeRecordedHeads } from '../support/recorded-heads.ts';
import { counts } from '../support/scale.ts';
import { seeded } from '../support/seeded.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';

endChildrenAfterwards();
const temporary = new TemporaryFolder();
const [CANDLES, FRAMES] = [400, 2_500];
const settings = writeRecordedHeads(temporary.path, CANDLES, FRAMES);
/** From SIGTERM to the end of the process. */
const GONE_MS = 5_000;
const GONE_WITHOUT_STORE_MS = 10_000;

interface Stores {
  readonly data: string;
  /** Of the tape; of the embedded one without. */
  readonly eventStore?: string;
}

function start({ data, eventStore }: Stores, ...args: string[]): Child {
  const tape = eventStore === undefined ? {} : { TAPEDECK_EVENT_STORE: eventStore };
  return startTapedeck(['run', '--json', ...args], { PORT: '0', TAPEDECK_DATA: data, TAPEDECK_SETTINGS: settings, ...tape });
}

function folderOf(name: string): string {
  const data = join(temporary.path, name);
  mkdirSync(data);
  return data;
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

async function contents({ data, eventStore = `sqlite:${data}/tape.sqlite` }: Stores): Promise<Contents> {
  const events = await openEventStore(eventStore, systemTime);
  const reads = await openReadStore(`sqlite:${data}/read-models.sqlite`, systemTime);
  try {
    return await contentsOf(events, reads);
  } finally {
    await reads.close();
    await events.close();
  }
}

async function heldLeases({ data }: Stores): Promise<string[]> {
  const leases = await openLeases(`sqlite:${data}/read-models.sqlite`, systemTime);
  try {
    return [...(await leases.read())].filter(([, { owner }]) => owner !== null).map(([name]) => name);
  } finally {
    await leases.close();
  }
}

/** Runs to the end of what is recorded. */
async function wholeRun(stores: Stores): Promise<Contents> {
  const child = start(stores);
  await child.saw('"msg":"summary"');
  await end(child);
  return contents(stores);
}

/** Starts and ends it, each time at another moment of what is left, and then lets it come to the end. */
async function endAgainAndAgain(stores: Stores, random: () => number, wholeMs: number): Promise<Contents> {
  for (let ends = 0; ends < counts.ends; ends++) {
    const child = start(stores);
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
  clean ??= wholeRun({ data: folderOf('clean') });
  return clean;
}

it('on the embedded stores', { timeout: 60_000 + counts.ends * 10_000 }, async () => {
  const expected = await cleanRun();
  expect(differencesOf(expected, await endAgainAndAgain({ data: folderOf('embedded') }, seeded(1), 1_500))).toEqual([]);
});

async function givenServer(data: string): Promise<{ readonly server: EventStoreServer; readonly stores: Stores }> {
  const server = await EventStoreServer.start();
  onTestFinished(() => server.stop());
  return { server, stores: { data: folderOf(data), eventStore: `esdb://127.0.0.1:${server.port}?tls=false` } };
}

it('on a tape in EventStoreDB', { timeout: 60_000 + counts.ends * 10_000 }, async () => {
  const expected = await cleanRun();
  const { stores } = await givenServer('eventstoredb');
  expect(differencesOf(expected, await endAgainAndAgain(stores, seeded(2), 4_000))).toEqual([]);
});

/** All is recorded, and the engine has begun to decide on it, with most of a minute before it. */
async function givenBacklog(name: string) {
  const { server, stores } = await givenServer(name);
  const recording = start(stores, '--roles', 'ingest,projections');
  await recording.saw('"msg":"summary"');
  await end(recording);
  const recorded = server.log.records.length;
  server.faults.answerAfterMs = 50;
  const child = start(stores);
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
