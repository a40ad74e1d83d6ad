/** Several processes on an event store across a network, with leases beside the read store. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Child, endChildrenAfterwards, ROOT, startNode, startTapedeck, tapedeck } from '../support/child.ts';
import { factsAt, factsIn } from '../support/facts.ts';
import { figuresOf } from '../support/figures.ts';
import { writeMergedHeads } from '../support/recorded-heads.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';
import { until } from '../support/until.ts';

endChildrenAfterwards();
const temporary = new TemporaryFolder();
const SERVER = join(ROOT, 'test', 'servers', 'event-store', 'main.ts');
const CANDLES = 300;
const FRAMES = 2_000;
const TIMEOUT_MS = 60_000;
let folders = 0;
let made: Promise<Record<string, unknown[]>> | undefined;

function newFolder(): string {
  const folder = join(temporary.path, `across-${++folders}`);
  mkdirSync(folder);
  return folder;
}

async function startServer(folder: string, port = 0): Promise<{ server: Child; port: number }> {
  const server = startNode([SERVER, String(port), join(folder, 'event-store.log')]);
  const printed = await server.saw('\n');
  return { server, port: Number(printed.trim()) };
}

const addressOf = (port: number): string => `esdb://127.0.0.1:${port}?tls=false`;

function environment(folder: string, port: number): Record<string, string> {
  return {
    TAPEDECK_DATA: folder,
    TAPEDECK_SETTINGS: writeMergedHeads(folder, CANDLES, FRAMES),
    TAPEDECK_EVENT_STORE: addressOf(port),
    TAPEDECK_LEASE_SECONDS: '2',
    PORT: '0',
  };
}

/** What one process makes of the recordings on its own disk. */
async function madeByOne(): Promise<Record<string, unknown[]>> {
  const folder = newFolder();
  const child = startTapedeck(['run', '--json'], {
    TAPEDECK_DATA: folder,
    TAPEDECK_SETTINGS: writeMergedHeads(folder, CANDLES, FRAMES),
    PORT: '0',
  });
  await child.saw('"msg":"summary"');
  child.process.kill('SIGTERM');
  expect(await child.ended).toMatchObject({ code: 0, stderr: '' });
  return factsIn(folder);
}

/** Whoever is asked may not be there yet. */
const seen = (what: string, isSo: () => Promise<boolean>, pauseMs = 100): Promise<void> =>
  until(() => isSo().catch(() => false), { what, timeoutMs: TIMEOUT_MS, pauseMs });

async function address(child: Child): Promise<string> {
  return (/"address":"([^"]+)"|listening at (http[^"]+)"/.exec(await child.saw('Server listening at')) as RegExpExecArray)
    .slice(1)
    .find((found) => found !== undefined) as string;
}

interface Ready {
  readonly status?: string;
  readonly leases?: readonly { readonly name: string; readonly here: boolean }[];
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

async function readiness(at: string): Promise<Ready> {
  return (await (await fetch(`${at}/readyz`)).json()) as Ready;
}

async function holds(at: string, lease: string): Promise<boolean> {
  return (await readiness(at)).leases?.some(({ name, here }) => name === lease && here) ?? false;
}

const total = (facts: Record<string, unknown[]>): number => Object.values(facts).flat().length;

/** Each look reads the whole tape. */
const seenAll = (tape: string, expected: Record<string, unknown[]>): Promise<void> =>
  seen('all is there', async () => total(await factsAt(tape)) >= total(expected), 1_000);

describe('two processes on one event store', () => {
  it('leave the tape of one, when the one at work is killed and another is frozen', { timeout: 240_000 }, async () => {
    made ??= madeByOne();
    const expected = await made;
    const folder = newFolder();
    const { port } = await startServer(folder);
    const env = environment(folder, port);
    const start = () => startTapedeck(['run', '--json'], env);
    const first = start();
    const firstAt = await address(first);
    await seen('the first decides', () => holds(firstAt, 'engine'));
    const second = start();
    const secondAt = await address(second);
    await second.saw('"msg":"serving');
    first.process.kill('SIGKILL');
    await seen('the second decides', () => holds(secondAt, 'engine'));

    const third = start();
    const thirdAt = await address(third);
    await third.saw('"msg":"serving');
    second.process.kill('SIGSTOP');
    await seen('the third decides', () => holds(thirdAt, 'engine'));
    second.process.kill('SIGCONT');
    await seen('the second knows', async () => !(await holds(secondAt, 'engine')));
    await seenAll(env.TAPEDECK_EVENT_STORE as string, expected);
    expect(await factsAt(env.TAPEDECK_EVENT_STORE as string)).toEqual(expected);

    const status = JSON.parse((await tapedeck(['status', '--json'], env)).stdout);
    expect(status.leases.find(({ name }: { name: string }) => name === 'engine').holder).toContain(`:${third.process.pid}`);
    await seen('the read models are made', async () => (await tapedeck(['projections', 'verify'], env)).code === 0, 500);
    for (const child of [second, third]) {
      child.process.kill('SIGTERM');
      expect(await child.ended).toMatchObject({ code: 0, stderr: '' });
    }
  });
});

describe('a process whose event store is away', () => {
  it('lives, says so, and goes on when it is there', { timeout: 240_000 }, async () => {
    made ??= madeByOne();
    const expected = await made;
    const folder = newFolder();
    const before = await startServer(folder);
    before.server.process.kill('SIGTERM');
    await before.server.ended;
    const { port } = before;
    const env = environment(folder, port);
    const whole = startTapedeck(['run', '--json'], env);
    const readers = startTapedeck(['run', '--json', '--roles', 'engine'], env);
    const [wholeAt, readersAt] = [await address(whole), await address(readers)];
    for (const at of [wholeAt, readersAt]) {
      await seen('it is known what is awaited', async () => {
        const { errors = [] } = await readiness(at);
        return errors.some(({ path, message }) => `${path} ${message}`.includes('event store'));
      });
      expect((await fetch(`${at}/livez`)).status).toBe(200);
      expect((await fetch(`${at}/metrics`)).status).toBe(200);
    }
    expect((await fetch(`${wholeAt}/v1/orders`)).status).toBe(503);

    let { server } = await startServer(folder, port);
    await whole.saw('"msg":"serving');
    // And away again, with whatever is in flight.
    await sleep(1_000);
    server.process.kill('SIGKILL');
    await server.ended;
    await seen('it is known again', async () => ((await readiness(wholeAt)).errors?.length ?? 0) > 0);
    expect((await fetch(`${wholeAt}/livez`)).status).toBe(200);
    ({ server } = await startServer(folder, port));
    await seenAll(addressOf(port), expected);
    expect(await factsAt(addressOf(port))).toEqual(expected);
    await seen('it is ready', async () => (await readiness(wholeAt)).status === 'ok');
    const figures = figuresOf(await (await fetch(`${wholeAt}/metrics`)).text());
    for (const thread of ['main', 'api'])
      expect(figures.get(`tapedeck_tape_tail_limit{thread="${thread}",unit="events"}`)).toBe(20_000);
    for (const child of [whole, readers]) {
      child.process.kill('SIGTERM');
      expect(await child.ended).toMatchObject({ code: 0, stderr: '' });
    }
  });
});
