/** The parts of the system in processes of their own, and the API in a thread of its own. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../src/tape/envelope.ts';
import { addressOf, type Child, endChildrenAfterwards, ROOT, startTapedeck, tapedeck } from '../support/child.ts';
import { factsIn } from '../support/facts.ts';
import { writeRecordedHeads } from '../support/recorded-heads.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';

endChildrenAfterwards();
const temporary = new TemporaryFolder();
let folders = 0;

function givenFolder() {
  const folder = join(temporary.path, `roles-${++folders}`);
  mkdirSync(folder);
  const env = { TAPEDECK_DATA: folder, TAPEDECK_SETTINGS: writeRecordedHeads(folder, 300, 6_000), PORT: '0' };
  return { folder, run: (...args: string[]) => startTapedeck(['run', '--json', ...args], env) };
}

async function stop(...children: readonly Child[]): Promise<void> {
  for (const child of children) child.process.kill('SIGTERM');
  for (const child of children) expect(await child.ended).toMatchObject({ code: 0, stderr: '' });
}

/** Requests are made in one of the two runs only. */
const isMadeByBoth = ({ type, stream }: RecordedEvent): boolean => type !== 'EngineActivated' && !stream.startsWith('request-');

const ORDER = { account: 'paper-binance', venue: 'binance', symbol: 'BTCUSDT', side: 'buy', type: 'market', quantity: '0.001' };

describe('the roles of a process', () => {
  it('can be played by several, which make together what one makes', { timeout: 90_000 }, async () => {
    const [one, several] = [givenFolder(), givenFolder()];
    const whole = one.run();
    await whole.saw('"msg":"summary"');
    await stop(whole);
    const expected = await factsIn(one.folder, isMadeByBoth);

    const engine = several.run('--roles', 'engine');
    const api = several.run('--roles', 'api');
    const address = await addressOf(api);
    const feeding = several.run('--roles', 'ingest,projections');
    await feeding.saw('for an engine elsewhere to decide on');
    await feeding.saw('"feed":"binance BTCUSDT 1s"');

    const price = async () => (await fetch(`${address}/v1/prices/binance/BTCUSDT`)).json() as Promise<{ feed?: object }>;
    await expect.poll(async () => (await price()).feed, { timeout: 20_000 }).toMatchObject({ reason: 'ended' });
    await expect.poll(async () => (await fetch(`${address}/readyz`)).status, { timeout: 20_000 }).toBe(200);
    await expect.poll(() => factsIn(several.folder, isMadeByBoth), { timeout: 20_000, interval: 500 }).toEqual(expected);

    // Each projection is in the figures of the process that makes it and of the one that serves it.
    const figures = await (await fetch(`${address}/metrics`)).text();
    expect(figures).toMatch(/tapedeck_projection_lag_seconds\{projection="orders"\} 0\n/);
    expect(figures).toMatch(/tapedeck_queue_depth\{queue="position-waits"\} 0\n/);

    // Asked here, decided there, and shown by way of the third.
    const answer = await fetch(`${address}/v1/orders?wait=decided`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'one' },
      body: JSON.stringify(ORDER),
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ status: 'denied', history: [{ data: { reason: 'market-data' } }] });
    await stop(api, feeding, engine);
  });

  it.each([
    ['relay', /the role relay has nowhere to send to: set TAPEDECK_KAFKA/],
    ['engine,cook', /"cook" is not a role; the roles are engine, ingest, projections, relay, api/],
  ])('are refused where this version has no %s', async (roles, message) => {
    const { code, stderr } = await tapedeck(['run', '--roles', roles]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe('the thread of the API', () => {
  it('serves reads while the thread of the engine stands still', { timeout: 30_000 }, async () => {
    const { folder } = givenFolder();
    const preload = `--import ${join(ROOT, 'test', 'support', 'block-main-thread.ts')}`;
    const env = { TAPEDECK_DATA: folder, PORT: '0', NODE_OPTIONS: preload };
    const child = startTapedeck(['run', '--json', '--roles', 'engine,projections,api'], env);
    let text = '';
    child.process.stdout.on('data', (chunk) => {
      text += chunk;
    });
    const address = await addressOf(child);
    child.process.kill('SIGUSR2');
    await child.saw('stands still');
    for (const path of ['/livez', '/v1/instruments', '/v1/accounts', '/v1/events']) {
      expect((await fetch(`${address}${path}`)).status).toBe(200);
    }
    expect(text).not.toContain('goes on');
    await child.saw('goes on');
    await stop(child);
  });

  it('ends the process with its reason when it breaks', { timeout: 30_000 }, async () => {
    const folder = givenFolder();
    const preload = `--import ${join(ROOT, 'test', 'support', 'break-in-thread.ts')}`;
    const child = startTapedeck(['run', '--json', '--roles', 'engine,projections,api'], {
      TAPEDECK_DATA: folder.folder,
      PORT: '0',
      NODE_OPTIONS: preload,
    });
    const { code, stderr } = await child.ended;
    expect(code).toBe(2);
    expect(stderr).toMatch(/the thread broke/);
  });

  it('answers what was asked before it is told to stop', { timeout: 30_000 }, async () => {
    const { run } = givenFolder();
    const child = run('--roles', 'engine,projections,api');
    const address = await addressOf(child);
    // No market data ever come: the request waits for its order to be closed.
    const asked = fetch(`${address}/v1/orders?wait=closed`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'one' },
      body: JSON.stringify(ORDER),
    });
    const requests = async () => ((await (await fetch(`${address}/v1/events?category=request`)).json()) as { data: [] }).data;
    await expect.poll(requests, { timeout: 10_000 }).toHaveLength(1);
    // The figures are those of both threads: the request was appended by the other one.
    const figures = await (await fetch(`${address}/metrics`)).text();
    expect(figures).toMatch(/tapedeck_append_seconds_count\{category="request",outcome="appended"\} 1/);
    expect(figures).toMatch(/tapedeck_heap_used_bytes\{thread="api"\}/);
    await stop(child);
    expect([200, 202]).toContain((await asked).status);
  });
});
