import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { controlOf } from '../../exchange-simulator/control.ts';
import { WALL_CLOCK } from '../../exchange-simulator/core/clock.ts';
import { type Listening, listen } from '../../exchange-simulator/server.ts';
import { type Running, standardBinanceSpot } from '../../exchange-simulator/venues/binance-spot/standard.ts';
import { SNAPSHOT } from './given.ts';

let running: Running | undefined;
let listening: Listening | undefined;

afterEach(async () => {
  running?.stop();
  await listening?.close();
});

it('serves a venue over sockets, and is steered over HTTP', async () => {
  running = standardBinanceSpot(WALL_CLOCK, [SNAPSHOT], 1);
  listening = await listen(running.venue, 0, controlOf(running.exchange));
  const address = `127.0.0.1:${listening.port}`;
  const socket = new WebSocket(`ws://${address}/ws/btcusdt@depth@100ms`);
  const frame = await new Promise<string>((resolve) =>
    socket.addEventListener('message', ({ data }) => resolve(String(data)), { once: true }),
  );
  const { u, E } = JSON.parse(frame) as { u: number; E: number };
  expect(Math.abs(E - Date.now())).toBeLessThan(5000);
  const known = await fetch(`http://${address}/simulator/book?symbol=BTCUSDT&id=${u}`);
  expect(await known.json()).toMatchObject({ lastId: u });
  expect((await fetch(`http://${address}/api/v3/nothing`)).status).toBe(404);

  const gone = new Promise((resolve) => socket.addEventListener('close', resolve));
  await fetch(`http://${address}/simulator/faults`, { method: 'POST', body: JSON.stringify({ kind: 'cut', on: 'all' }) });
  await gone;
  await fetch(`http://${address}/simulator/faults`, {
    method: 'POST',
    body: JSON.stringify({ kind: 'lose-answer', operation: 'market', times: 1 }),
  });
  await expect(fetch(`http://${address}/api/v3/time`)).rejects.toThrow();
  expect(await (await fetch(`http://${address}/simulator/state`)).json()).toMatchObject({
    connections: 0,
    submissions: { accepted: 0 },
  });
});

it.each([
  [['--port', 'x'], '--port x: give a whole number from 0 (any free port) to 65535.\n'],
  [['--venue', 'nyse'], '--venue nyse: give one of binance-spot, binance-usdm, bybit, okx.\n'],
  [['--seed', '0.5'], '--seed 0.5: give a whole number.\n'],
  [['--prot', '1'], "Unknown option '--prot' Try --help.\n"],
])('refuses %j with one sentence', (args, sentence) => {
  const main = join(import.meta.dirname, '../../exchange-simulator/main.ts');
  const { status, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([2, sentence]);
});
