/** A system that trades, for rows of order entry, and the load on it. */

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openEventStore, openReadStore } from '../src/adapters/open.ts';
import { systemTime } from '../src/adapters/system-time.ts';
import { startApiThread } from '../src/api/thread/api-thread.ts';
import { readConfig } from '../src/config/environment.ts';
import type { TapeEvent } from '../src/domain/catalogue.ts';
import { type EvidenceDraft, feedRecovered } from '../src/domain/feed/evidence.ts';
import { makeLogger } from '../src/logging.ts';
import type { EventStore } from '../src/ports/event-store.ts';
import type { ReadStore } from '../src/ports/read-store.ts';
import { applySettings } from '../src/requests/settings-apply.ts';
import { startSystem } from '../src/system.ts';
import type { Role, System } from '../src/system-dependencies.ts';
import { makeEvidence } from '../src/tape/envelope.ts';
import { projected } from '../test/support/ingest-role.ts';
import { minuteBars, smallSettings } from '../test/support/small-market.ts';
import { BUILD } from './recorded-tape.ts';
import { quantile } from './row.ts';

const LOAD = join(import.meta.dirname, 'order-load.ts');
const SECONDS = 1.5;
const BODY = JSON.stringify({
  account: 'paper',
  venue: 'testvenue',
  symbol: 'AAABBB',
  side: 'buy',
  type: 'limit',
  quantity: '0.001',
  price: '99',
});
/** Before the first bar. */
const FEED_BEGAN_MS = 1_700_000_000_000;

export interface Served {
  readonly address: string;
}

export interface Trading extends Served {
  /** Holds the embedded stores; removed when it is closed. */
  readonly folder: string;
  close(): Promise<void>;
}

/** The roles on a market with a price. */
export async function systemOnMarket(events: EventStore, reads: ReadStore, roles: readonly Role[]): Promise<System> {
  await applySettings(events, smallSettings(1, 1, 2), { clock: systemTime, actor: BUILD, codeVersion: BUILD });
  const log = makeLogger('silent');
  const dependencies = { events, reads, time: systemTime, log, codeVersion: BUILD, mayRollBack: false };
  const system = await startSystem(dependencies, new Set(roles));
  for (const draft of [feedRecovered({ venue: 'testvenue', symbol: 'AAABBB' }, 'ended', FEED_BEGAN_MS), ...minuteBars([100])]) {
    await system.events.append(draft.stream, 'no-stream', [evidenceOf(draft)]);
  }
  return system;
}

export function evidenceOf({ type, stream, key, data, occurredAt }: EvidenceDraft): TapeEvent {
  return makeEvidence(type, stream, key, data, { occurredAt, actor: BUILD, codeVersion: BUILD });
}

/**
 * Engine, read models and the API in its own thread, as `tapedeck run` has them, on a market with a price. The tape is
 * embedded unless there is an address of another.
 */
export async function startTrading(eventStore = ''): Promise<Trading> {
  const folder = mkdtempSync(join(tmpdir(), 'tapedeck-bench-'));
  Object.assign(process.env, {
    TAPEDECK_DATA: folder,
    TAPEDECK_EVENT_STORE: eventStore,
    TAPEDECK_LOG_LEVEL: 'error',
    TAPEDECK_RATE_LIMIT: '9999999',
    PORT: '0',
  });
  const config = readConfig(process.env);
  const events = await openEventStore(config.eventStore, systemTime);
  const reads = await openReadStore(config.readStore, systemTime);
  const system = await systemOnMarket(events, reads, ['engine', 'projections']);
  const { metrics, heartbeat } = system;
  const main = { append: system.events.append.bind(system.events), figures: () => metrics.snapshot() };
  const api = await startApiThread(systemTime, main, { heartbeat, codeVersion: BUILD, logFile: undefined, isAcross: false });
  await projected(events, reads);
  return {
    address: api.address,
    folder,
    close: async () => {
      await api.close();
      await system.close();
      await reads.close();
      await events.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Orders by so many clients at once, each with one at a time: how many a second, and how long each took, in milliseconds. */
export async function placeOrders(
  clients: number,
  { address }: Served,
): Promise<{ readonly perSecond: number; readonly latencies: number[] }> {
  const args = [LOAD, clients, SECONDS, address, '/v1/orders', BODY].map(String);
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 64 * 1024 * 1024 });
  return JSON.parse(stdout) as { perSecond: number; latencies: number[] };
}

/** Half of the orders that one client places, one after the other, are answered within so many milliseconds. */
export async function orderP50(served: Served): Promise<number> {
  return quantile((await placeOrders(1, served)).latencies, 0.5);
}
