import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { openMemoryReadStore } from '../../../src/adapters/memory/read-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import type { EventName, TapeEvent } from '../../../src/domain/catalogue.ts';
import { SETTINGS_STREAM } from '../../../src/domain/streams.ts';
import { isoTime } from '../../../src/domain/time.ts';
import { makeMetrics } from '../../../src/metric-families.ts';
import { accounts } from '../../../src/projections/accounts.ts';
import { watchEngine } from '../../../src/runtime/engine/engine-metrics.ts';
import { watchProcess } from '../../../src/runtime/process/process-metrics.ts';
import { startProjection } from '../../../src/runtime/projections/host.ts';
import { PositionWaiters } from '../../../src/runtime/projections/position-waiters.ts';
import {
  batchFigures,
  watchHalts,
  watchPositionWaits,
  watchProjections,
  watchProjectionsElsewhere,
} from '../../../src/runtime/projections/projection-metrics.ts';
import { makeEvidence } from '../../../src/tape/envelope.ts';
import { ACCOUNT } from '../../api/given-api.ts';
import { DAY, recovered } from '../../contracts/tape-events.ts';
import { figures } from '../../support/figures.ts';
import { timeAt } from '../../support/test-time.ts';

function given() {
  const clock = timeAt(DAY);
  return {
    clock,
    metrics: makeMetrics(),
    events: openMemoryEventStore({ time: clock, hasLock: true }),
    reads: openMemoryReadStore(),
  };
}

function event(type: EventName, stream: string, key: string, data: unknown): TapeEvent {
  return makeEvidence(type, stream, key, data as never, { occurredAt: isoTime(DAY), actor: 'test', codeVersion: 'test' });
}

describe('the lag of the engine', () => {
  it('is the age of the oldest evidence that it has not taken in, and nothing when it has all', async () => {
    const { clock, metrics, events } = given();
    const engine = { reached: { position: '0' }, busySince: null as number | null };
    watchEngine(metrics, engine, events, clock);
    const lag = async () => (await figures(metrics)).get('tapedeck_engine_lag_seconds');
    expect(await lag()).toBe(0);
    const { position } = await events.append('feed-a', 'no-stream', [recovered('feed-a', 0)]);
    clock.ms += 1_500;
    await events.append('feed-a', 0, [recovered('feed-a', 1)]);
    clock.ms += 500;
    expect(await lag()).toBe(2);
    engine.reached = { position };
    expect(await lag()).toBe(0.5);
    engine.reached = { position: await events.head() };
    expect(await lag()).toBe(0);
  });

  it('is not made by what the engine itself has written', async () => {
    const { clock, metrics, events } = given();
    const decision = recovered('reports-paper', 0);
    const metadata = { ...decision.metadata, reactor: 'paper', evidence: decision.id, index: '0' };
    await events.append('reports-paper', 'no-stream', [{ ...decision, metadata } as TapeEvent]);
    clock.ms += 5_000;
    watchEngine(metrics, { reached: { position: '0' }, busySince: null }, events, clock);
    expect((await figures(metrics)).get('tapedeck_engine_lag_seconds')).toBe(0);
  });

  it('comes with the time that the commit in hand has taken', async () => {
    const { clock, metrics, events } = given();
    const engine = { reached: { position: '0' }, busySince: clock.ms as number | null };
    watchEngine(metrics, engine, events, clock);
    clock.ms += 40_000;
    expect((await figures(metrics)).get('tapedeck_engine_busy_seconds')).toBe(40);
    engine.busySince = null;
    expect((await figures(metrics)).get('tapedeck_engine_busy_seconds')).toBe(0);
  });
});

describe('the figures of read models', () => {
  it('show how long batches take, how far they are and what is parked', async () => {
    const { clock, metrics, events, reads } = given();
    await events.append(SETTINGS_STREAM, 'no-stream', [event('AccountOpened', SETTINGS_STREAM, 'a', ACCOUNT)]);
    const runner = await startProjection(accounts, events, reads, {
      time: clock,
      onBatch: batchFigures(metrics, accounts.name),
    });
    try {
      watchProjections(metrics, new Map([['accounts', runner]]));
      expect(await runner.waitFor(await events.head(), 5_000)).toBe(true);
      const seen = await figures(metrics);
      expect(seen.get('tapedeck_project_seconds_count{projection="accounts"}')).toBe(1);
      expect(seen.get('tapedeck_projected_events_total{projection="accounts"}')).toBe(1);
      expect(seen.get('tapedeck_projection_lag_seconds{projection="accounts"}')).toBe(0);
      expect(seen.get('tapedeck_parked_events{projection="accounts"}')).toBe(0);
    } finally {
      await runner.close();
    }
  });

  it('show how far those are that others make, by what the stores say', async () => {
    const { clock, metrics, events, reads } = given();
    await events.append(SETTINGS_STREAM, 'no-stream', [event('AccountOpened', SETTINGS_STREAM, 'a', ACCOUNT)]);
    clock.ms += 7_000;
    watchProjectionsElsewhere(metrics, events, reads, clock);
    const lag = async () => (await figures(metrics)).get('tapedeck_projection_lag_seconds{projection="accounts"}');
    expect(await lag()).toBe(7);
    const runner = await startProjection(accounts, events, reads, { time: clock });
    expect(await runner.waitFor(await events.head(), 5_000)).toBe(true);
    await runner.close();
    expect(await lag()).toBe(0);
    expect((await figures(metrics)).get('tapedeck_parked_events{projection="accounts"}')).toBe(0);
  });

  it('show how many callers wait for a position, at most at any of them', async () => {
    const metrics = makeMetrics();
    const [orders, bars] = [new PositionWaiters(systemTime), new PositionWaiters(systemTime)];
    const served = [orders, bars].map((waiters) => ({
      get waiting() {
        return waiters.count;
      },
    }));
    watchPositionWaits(metrics, served);
    const depth = async () => (await figures(metrics)).get('tapedeck_queue_depth{queue="position-waits"}');
    expect(await depth()).toBe(0);
    const waits = [orders.wait('7', 60_000), orders.wait('8', 60_000), bars.wait('7', 60_000)];
    expect(await depth()).toBe(2);
    expect((await figures(metrics)).get('tapedeck_queue_limit{queue="position-waits"}')).toBe(10_000);
    orders.advance('7');
    expect(await depth()).toBe(1);
    for (const waiters of [orders, bars]) waiters.giveUp();
    expect(await Promise.all(waits)).toEqual([true, false, false]);
  });

  it('count what was tried again, also over a change of the runner', async () => {
    const metrics = makeMetrics();
    const progress = { projection: 'orders', lagMs: null, parkedEvents: 3, parkedKeys: 1, retries: 2 };
    const read = async () => (await figures(metrics)).get('tapedeck_read_store_retries_total{projection="orders"}');
    watchProjections(metrics, new Map([['orders', { progress: () => progress }]]));
    expect(await read()).toBe(2);
    progress.retries = 5;
    expect(await read()).toBe(5);
    progress.retries = 1;
    expect(await read()).toBe(5);
    progress.retries = 2;
    expect(await read()).toBe(6);
    const seen = await figures(metrics);
    expect(seen.get('tapedeck_parked_documents{projection="orders"}')).toBe(1);
    // Before anything was delivered, nobody knows how far behind it is.
    expect(seen.has('tapedeck_projection_lag_seconds{projection="orders"}')).toBe(false);
  });

  it('show the halts in force, by account and mode, and none that was lifted', async () => {
    const { clock, metrics, events, reads } = given();
    const id = '00000000-0000-5000-8000-000000000000';
    const scope = { account: 'paper-1' };
    await events.append('account-paper-1', 'no-stream', [
      event('TradingHalted', 'account-paper-1', 'a', {
        account: 'paper-1',
        scope,
        mode: 'stop',
        reason: 'why not',
        requestId: id,
      }),
      event('TradingHalted', 'account-paper-1', 'b', {
        account: 'paper-1',
        scope: { strategy: 'cross' },
        mode: 'reduce-only',
        reason: 'why not',
        requestId: id,
      }),
    ]);
    const runner = await startProjection(accounts, events, reads, { time: clock });
    try {
      watchHalts(metrics, reads);
      await runner.waitFor(await events.head(), 5_000);
      let seen = await figures(metrics);
      expect(seen.get('tapedeck_halts_in_force{account="paper-1",mode="stop"}')).toBe(1);
      expect(seen.get('tapedeck_halts_in_force{account="paper-1",mode="reduce-only"}')).toBe(1);
      await events.append('account-paper-1', 1, [
        event('TradingResumed', 'account-paper-1', 'c', { account: 'paper-1', scope, reason: 'well', requestId: id }),
      ]);
      await runner.waitFor(await events.head(), 5_000);
      seen = await figures(metrics);
      expect(seen.has('tapedeck_halts_in_force{account="paper-1",mode="stop"}')).toBe(false);
    } finally {
      await runner.close();
    }
  });
});

describe('the figures of the process', () => {
  it('show processor, memory, build, and how late a held-up loop was', async () => {
    const metrics = makeMetrics();
    const end = watchProcess(metrics, systemTime, 'main', '1.2.3+abc');
    try {
      await new Promise((resolve) => setTimeout(resolve, 20));
      const until = performance.now() + 250;
      while (performance.now() < until);
      await new Promise((resolve) => setTimeout(resolve, 20));
      const seen = await figures(metrics);
      expect(seen.get(`tapedeck_build_info{version="1.2.3+abc",node="${process.versions.node}"}`)).toBe(1);
      expect(seen.get('process_cpu_seconds_total')).toBeGreaterThan(0.1);
      expect(seen.get('process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
      expect(seen.get('tapedeck_heap_used_bytes{thread="main"}')).toBeLessThan(
        seen.get('tapedeck_heap_limit_bytes{thread="main"}') as number,
      );
      expect(seen.get('tapedeck_loop_lag_seconds_sum{thread="main"}')).toBeGreaterThan(0.1);
      expect(seen.get('tapedeck_loop_busy_seconds_total{thread="main"}')).toBeGreaterThan(0);
    } finally {
      end();
    }
  });

  it('of another thread show that thread alone', async () => {
    const metrics = makeMetrics();
    watchProcess(metrics, systemTime, 'api', 'test')();
    const seen = await figures(metrics);
    expect(seen.get('tapedeck_heap_used_bytes{thread="api"}')).toBeGreaterThan(0);
    expect(seen.get('process_resident_memory_bytes') ?? 0).toBe(0);
  });
});
