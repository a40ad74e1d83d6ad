import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openEventStore, openReadStore } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { startApiThread } from '../../src/api/thread/api-thread.ts';
import { readConfig } from '../../src/config/environment.ts';
import { feedRecovered } from '../../src/domain/feed/evidence.ts';
import { makeLogger } from '../../src/logging.ts';
import { applySettings } from '../../src/requests/settings-apply.ts';
import { startSystem } from '../../src/system.ts';
import { makeEvidence } from '../../src/tape/envelope.ts';
import { projected } from '../../test/support/ingest-role.ts';
import { minuteBars, smallSettings } from '../../test/support/small-market.ts';
import { BUILD } from '../recorded-tape.ts';
import { type Outcome, perSecond, quantile, type Row, serially } from '../row.ts';
import { rowsOfLastRequest, startBareRoute } from './bare-route.ts';

const LOAD = join(import.meta.dirname, '..', 'order-load.ts');
const ROUNDS = 5;
const SECONDS = 1.5;
const IN_FLIGHT = 32;
/** Before the first bar. */
const FEED_BEGAN_MS = 1_700_000_000_000;
const BODY = JSON.stringify({
  account: 'paper',
  venue: 'testvenue',
  symbol: 'AAABBB',
  side: 'buy',
  type: 'limit',
  quantity: '0.001',
  price: '99',
});

export const orders: Row = {
  name: 'orders',
  path: 'POST /v1/orders, embedded, all read models following',
  async run(): Promise<Outcome[]> {
    const folder = mkdtempSync(join(tmpdir(), 'tapedeck-bench-'));
    const system = await startTrading(folder);
    await load(IN_FLIGHT, system.address);
    const rows = await rowsOfLastRequest(join(folder, 'tape.sqlite'));
    const bare = await startBareRoute(join(folder, 'bare.sqlite'), rows);
    const ofRequest = await startBareRoute(join(folder, 'request.sqlite'), rows.slice(0, 1));
    try {
      const p50 = async ({ address }: Served) => quantile((await load(1, address)).latencies, 0.5);
      const gap = async ({ address }: Served) => 1_000 / (await load(IN_FLIGHT, address)).perSecond;
      const one = await inTurn(bare, ofRequest, system, p50);
      const many = await inTurn(bare, ofRequest, system, gap);
      return [
        {
          what: `one order at a time, from the request to the answer that it is recorded, against a route of a bare Fastify that commits the same ${rows.length} rows`,
          measured: `p50 ${one.ours.toFixed(2)} ms`,
          raw: `p50 ${one.raw.toFixed(2)} ms (of the request's row alone: ${one.rawOfRequest.toFixed(2)} ms)`,
          value: 1 / one.ratio,
          bound: 3,
          atLeast: false,
          unit: 'x',
        },
        {
          what: `${IN_FLIGHT} orders in flight, against the same route, which commits together what waits`,
          measured: perSecond(1, many.ours),
          raw: `${perSecond(1, many.raw)} (of the request's row alone: ${perSecond(1, many.rawOfRequest)})`,
          value: many.ratio,
          bound: 0.3,
          atLeast: true,
          unit: 'x',
        },
      ];
    } finally {
      await system.close();
      await bare.close();
      await ofRequest.close();
      rmSync(folder, { recursive: true });
    }
  },
};

interface Served {
  readonly address: string;
}

/** Both bare routes and the system, in turn; the medians. */
async function inTurn(bare: Served, ofRequest: Served, system: Served, measure: (served: Served) => Promise<number>) {
  const ofRequests: number[] = [];
  const pair = await serially(
    ROUNDS,
    async () => {
      ofRequests.push(await measure(ofRequest));
      return measure(bare);
    },
    () => measure(system),
  );
  return { ...pair, rawOfRequest: quantile(ofRequests, 0.5) };
}

/** Engine, read models and the API in its own thread, as `tapedeck run` has them, on a market with a price. */
async function startTrading(folder: string) {
  process.env.TAPEDECK_DATA = folder;
  process.env.PORT = '0';
  process.env.TAPEDECK_LOG_LEVEL = 'error';
  process.env.TAPEDECK_RATE_LIMIT = '9999999';
  const config = readConfig(process.env);
  const events = await openEventStore(config.eventStore, systemTime);
  const reads = await openReadStore(config.readStore, systemTime);
  const small = smallSettings(1, 1, 2);
  await applySettings(events, small, { clock: systemTime, actor: BUILD, codeVersion: BUILD });
  const log = makeLogger('silent');
  const system = await startSystem({ events, reads, time: systemTime, log, codeVersion: BUILD, mayRollBack: false });
  for (const draft of [feedRecovered({ venue: 'testvenue', symbol: 'AAABBB' }, 'ended', FEED_BEGAN_MS), ...minuteBars([100])]) {
    const { type, stream, key, data, occurredAt } = draft;
    const evidence = makeEvidence(type, stream, key, data, { occurredAt, actor: BUILD, codeVersion: BUILD });
    await system.events.append(stream, 'no-stream', [evidence]);
  }
  const { metrics, heartbeat } = system;
  const main = { append: system.events.append.bind(system.events), figures: () => metrics.snapshot() };
  const api = await startApiThread(systemTime, main, { heartbeat, codeVersion: BUILD, logFile: undefined, isAcross: false });
  await projected(events, reads);
  return {
    address: api.address,
    close: async () => {
      await api.close();
      await system.close();
      await reads.close();
      await events.close();
    },
  };
}

async function load(connections: number, address: string): Promise<{ readonly perSecond: number; readonly latencies: number[] }> {
  const args = [LOAD, connections, SECONDS, address, '/v1/orders', BODY].map(String);
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 64 * 1024 * 1024 });
  return JSON.parse(stdout) as { perSecond: number; latencies: number[] };
}
