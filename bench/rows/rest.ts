import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fastify } from 'fastify';
import { openEventStore, openReadStore } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { startApi } from '../../src/api/serve.ts';
import { makeLogger } from '../../src/logging.ts';
import { startSystem } from '../../src/system.ts';
import { projected } from '../../test/support/ingest-role.ts';
import { BUILD, newFile, recordedTape } from '../recorded-tape.ts';
import { latencyOf, type Outcome, perSecond, type Row, serially } from '../row.ts';

const LOAD = join(import.meta.dirname, '..', 'http-load.ts');
const ROUNDS = 5;
const SECONDS = 1.2;
const STRETCHES = 20;
const OPEN_LOOP_SECONDS = 4;
const OPEN_LOOP_RATE = 1_000;

export const rest: Row = {
  name: 'rest',
  path: 'REST read of one order; of 100 bars',
  async run(): Promise<Outcome[]> {
    const events = await openEventStore(`sqlite:${await recordedTape()}`, systemTime);
    const reads = await openReadStore(`sqlite:${newFile()}`, systemTime);
    const dependencies = { events, reads, time: systemTime, log: makeLogger('silent'), codeVersion: BUILD, mayRollBack: false };
    const system = await startSystem(dependencies);
    await projected(events, reads);
    const { metrics, heartbeat } = system;
    const api = await startApi({ ...dependencies, metrics, heartbeat }, { host: '127.0.0.1', port: 0, apiKeys: [] });
    const outcomes = [
      await against('one order', api.address, await orderPaths(api.address), 0.6),
      await against('100 bars', api.address, await barPaths(api.address), 0.25),
    ];
    await api.close();
    await system.close();
    await events.close();
    await reads.close();
    return outcomes;
  },
};

/** Those of all orders there are. */
async function orderPaths(address: string): Promise<string[]> {
  const { data } = (await (await fetch(`${address}/v1/orders?limit=100`)).json()) as { data: { id: string }[] };
  return data.map(({ id }) => `/v1/orders/${id}`);
}

/** Those of some stretches of one-second bars. */
async function barPaths(address: string): Promise<string[]> {
  const bars = '/v1/bars?venue=binance&symbol=BTCUSDT&interval=1s';
  const { data } = (await (await fetch(`${address}${bars}&limit=${STRETCHES}`)).json()) as { data: { openTime: string }[] };
  return data.map(({ openTime }) => `${bars}&limit=100&to=${openTime}`);
}

/** In turn with routes that answer the same bytes from memory. */
async function against(what: string, address: string, paths: readonly string[], bound: number): Promise<Outcome> {
  const { server, staticPaths, bytes } = await staticServer(address, paths);
  const staticAddress = await server.listen({ host: '127.0.0.1', port: 0 });
  const pair = await serially(
    ROUNDS,
    async () => 1 / (await perSecondOf(staticAddress, staticPaths)),
    async () => 1 / (await perSecondOf(address, paths)),
  );
  await server.close();
  const { latencies } = await load<{ latencies: number[] }>('open', OPEN_LOOP_SECONDS, OPEN_LOOP_RATE, address, ...paths);
  return {
    what: `reads of ${what} (${paths.length} in turn, ${bytes} bytes each), against static routes with the same bytes; latency at ${OPEN_LOOP_RATE}/s`,
    measured: perSecond(1, 1_000 * pair.ours),
    raw: perSecond(1, 1_000 * pair.raw),
    value: pair.ratio,
    bound,
    atLeast: true,
    unit: 'x',
    latency: latencyOf(latencies),
  };
}

async function staticServer(address: string, paths: readonly string[]) {
  const server = fastify({ logger: false });
  const staticPaths: string[] = [];
  let total = 0;
  for (const path of paths) {
    const answer = await fetch(`${address}${path}`);
    const body = Buffer.from(await answer.arrayBuffer());
    if (answer.status !== 200) throw new Error(`${path}: ${body}`);
    const type = answer.headers.get('content-type') ?? '';
    const staticPath = `/static/${staticPaths.length}`;
    server.get(staticPath, (_request, reply) => reply.header('content-type', type).send(body));
    staticPaths.push(staticPath);
    total += body.length;
  }
  return { server, staticPaths, bytes: Math.round(total / paths.length) };
}

async function perSecondOf(address: string, paths: readonly string[]): Promise<number> {
  return (await load<{ perSecond: number }>('closed', SECONDS, address, ...paths)).perSecond;
}

async function load<T>(...args: readonly (string | number)[]): Promise<T> {
  const { stdout } = await promisify(execFile)(process.execPath, [LOAD, ...args.map(String)], { maxBuffer: 64 * 1024 * 1024 });
  return JSON.parse(stdout) as T;
}
