/** A log that cannot be written stops nothing: neither trading, nor the API, nor the end of the process. */

import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ROOT } from '../support/child.ts';
import { figuresOf } from '../support/figures.ts';
import { quietSettings } from '../support/quiet-settings.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';
import { until } from '../support/until.ts';

const temporary = new TemporaryFolder();
const ORDER = {
  account: 'paper-binance',
  venue: 'binance',
  symbol: 'BTCUSDT',
  side: 'buy',
  type: 'limit',
  quantity: '0.01',
  price: '50000',
};

const settings = quietSettings(temporary.newFolder());

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** `tapedeck run` with its standard output where the shell puts it. */
async function runInto(output: string) {
  const port = await freePort();
  const child = spawn('sh', ['-c', `exec "$0" src/main.ts run ${output}`, process.execPath], {
    cwd: ROOT,
    env: { ...process.env, PORT: String(port), TAPEDECK_DATA: temporary.newFolder(), TAPEDECK_SETTINGS: settings },
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const ask = (path: string, body?: object, key = 'k'): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      ...(body && {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
      }),
    });
  const isReady = () =>
    ask('/readyz').then(
      ({ ok }) => ok,
      () => false,
    );
  await until(isReady, { pauseMs: 100 });
  return { child, ended, ask, stderr: () => stderr };
}

async function tradesAndEnds(
  { child, ended, ask, stderr }: Awaited<ReturnType<typeof runInto>>,
  ...signals: readonly NodeJS.Signals[]
) {
  for (const key of ['first', 'second']) {
    const answer = await ask('/v1/orders?wait=closed', ORDER, key);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ status: 'denied' });
  }
  expect((await ask('/livez')).status).toBe(200);
  const seen = figuresOf(await (await ask('/metrics')).text());
  expect(seen.get('tapedeck_queue_depth{queue="log"}')).toBeGreaterThan(0);
  expect(seen.get('tapedeck_log_dropped_total')).toBe(0);
  const asked = performance.now();
  for (const signal of signals) child.kill(signal);
  expect(await ended).toEqual({ code: 0, signal: null });
  expect(performance.now() - asked).toBeLessThan(10_000);
  expect(stderr()).toBe('');
}

describe('A run whose log cannot be written', () => {
  it('trades, answers and ends on a full disk', async () => {
    await tradesAndEnds(await runInto('> /dev/full'), 'SIGTERM');
  });

  it('trades, answers and ends where nobody reads the pipe, also when its terminal is closed', async () => {
    const pipe = join(temporary.newFolder(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const reader = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    onTestFinished(() => closeSync(reader));
    const full = (): void => {
      for (;;) writeSync(reader, '\n'.repeat(4_096));
    };
    expect(full).toThrow('EAGAIN');
    const running = await runInto(`> ${pipe}`);
    // From the system, and from the shell.
    await tradesAndEnds(running, 'SIGHUP', 'SIGHUP');
    // Nothing was written to it.
    expect(readSync(reader, Buffer.alloc(100_000))).toBe(65_536);
  });
});
