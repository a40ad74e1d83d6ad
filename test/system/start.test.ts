/** Starting the system: what was started is ended again when a later part cannot be. */

import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../src/adapters/memory/event-store.ts';
import { openMemoryReadStore } from '../../src/adapters/memory/read-store.ts';
import { startApi } from '../../src/api/serve.ts';
import { makeLogger } from '../../src/logging.ts';
import type { EventStore, Subscription } from '../../src/ports/event-store.ts';
import type { ReadStore } from '../../src/ports/read-store.ts';
import { applySettings } from '../../src/requests/settings-apply.ts';
import { startSystem } from '../../src/system.ts';
import { figuresOf } from '../support/figures.ts';
import { feedOf, givenIngest, projected } from '../support/ingest-role.ts';
import { minuteBars, smallSettings, tickingClock, zigzag } from '../support/small-market.ts';

const clock = tickingClock();

/** A tape that counts its open subscriptions. */
async function countedTape(): Promise<{ events: EventStore; open: () => number }> {
  const events = openMemoryEventStore({ time: clock, hasLock: true });
  await applySettings(events, smallSettings(1, 1, 2), { clock, actor: 'test', codeVersion: 'one' });
  let open = 0;
  const subscribe = events.subscribe.bind(events);
  events.subscribe = (options): Subscription => {
    const subscription = subscribe(options);
    open++;
    subscription.ended.finally(() => open--).catch(() => undefined);
    return subscription;
  };
  return { events, open: () => open };
}

function partsOf(events: EventStore, reads: ReadStore) {
  return { events, reads, time: clock, log: makeLogger('silent'), codeVersion: 'one', mayRollBack: false };
}

describe('a system that cannot start', () => {
  it('because a projection cannot leaves nothing running', async () => {
    const { events, open } = await countedTape();
    const reads = openMemoryReadStore();
    const prepare = reads.prepare.bind(reads);
    let asked = 0;
    reads.prepare = async (collections) => {
      if (++asked === 5) throw new Error('the read store is gone');
      return prepare(collections);
    };
    await expect(startSystem(partsOf(events, reads))).rejects.toThrow('the read store is gone');
    expect(open()).toBe(0);
  });

  it('because its port is taken leaves nothing running', async () => {
    const { events, open } = await countedTape();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const api = { host: '127.0.0.1', port, apiKeys: [] };
    const parts = partsOf(events, openMemoryReadStore());
    const system = await startSystem(parts);
    const before = open();
    await expect(startApi({ ...parts, metrics: system.metrics, heartbeat: system.heartbeat }, api)).rejects.toThrow('EADDRINUSE');
    expect(open()).toBe(before);
    await system.close();
    expect(open()).toBe(0);
    await new Promise((resolve) => other.close(resolve));
  });
});

describe('a system that runs', () => {
  it('shows at /metrics what it has decided, how far its read models are, and how the process does', async () => {
    const { events } = await countedTape();
    const { ingest, ended } = givenIngest(() => feedOf(minuteBars(zigzag(30))));
    const parts = { ...partsOf(events, openMemoryReadStore()), ingest };
    const system = await startSystem(parts, new Set(['engine', 'ingest', 'projections']));
    const { metrics, heartbeat } = system;
    const api = await startApi({ ...parts, metrics, heartbeat }, { host: '127.0.0.1', port: 0, apiKeys: [] });
    try {
      await ended;
      await projected(events, parts.reads);
      const lagOf = async () => figuresOf(await (await fetch(`${api.address}/metrics`)).text());
      await expect.poll(async () => (await lagOf()).get('tapedeck_projection_lag_seconds{projection="orders"}')).toBe(0);
      const seen = figuresOf(await (await fetch(`${api.address}/metrics`)).text());
      expect(seen.get('tapedeck_decide_seconds_count{type="BarClosed"}')).toBe(30);
      expect(seen.get('tapedeck_signals_total{strategy="turns",side="buy"}')).toBeGreaterThan(3);
      expect(seen.get('tapedeck_orders_total{outcome="denied"}')).toBeGreaterThan(6);
      expect(seen.get('tapedeck_risk_seconds_count{cause="SignalGenerated"}')).toBeGreaterThan(6);
      expect(seen.get('tapedeck_section_seconds_count{phase="durable"}')).toBeGreaterThan(0);
      expect(seen.get('tapedeck_engine_lag_seconds')).toBe(0);
      expect(seen.get('tapedeck_projection_lag_seconds{projection="orders"}')).toBe(0);
      expect(seen.get('tapedeck_projected_events_total{projection="bars"}')).toBeGreaterThan(29);
      expect(seen.get('tapedeck_heap_used_bytes{thread="main"}')).toBeGreaterThan(0);
      expect([...seen.keys()].find((name) => name.startsWith('tapedeck_build_info'))).toContain('version="one"');
    } finally {
      await api.close();
      await system.close();
    }
  });
});
