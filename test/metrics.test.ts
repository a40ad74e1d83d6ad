import { describe, expect, it } from 'vitest';
import { METRIC_FAMILIES, makeMetrics } from '../src/metric-families.ts';
import { gauge, Metrics, metricsText, SCRAPE_FAMILIES, setCounter } from '../src/metrics.ts';
import { ENGINE_FAMILIES } from '../src/runtime/engine/engine-metrics.ts';
import { DECISION_FAMILIES } from '../src/runtime/engine/metered-engine.ts';
import { TAPE_FAMILIES } from '../src/runtime/process/metered-event-store.ts';
import { PROCESS_FAMILIES } from '../src/runtime/process/process-metrics.ts';
import { HALT_FAMILIES } from '../src/runtime/projections/projection-metrics.ts';
import { figures } from './support/figures.ts';

describe('the figures of a process', () => {
  it('add up what threads count under the same labels, and keep apart what they count under others', async () => {
    const [main, api] = [makeMetrics(), makeMetrics()];
    main.of(TAPE_FAMILIES).append.observe({ category: 'engine', outcome: 'appended' }, 0.002);
    api.of(TAPE_FAMILIES).append.observe({ category: 'request', outcome: 'appended' }, 0.004);
    api.of(TAPE_FAMILIES).append.observe({ category: 'engine', outcome: 'appended' }, 0.03);
    main.of(PROCESS_FAMILIES).heapUsed.set({ thread: 'main' }, 100);
    api.of(PROCESS_FAMILIES).heapUsed.set({ thread: 'api' }, 7);
    const seen = await figures(main, api);
    expect(seen.get('tapedeck_append_seconds_count{category="engine",outcome="appended"}')).toBe(2);
    expect(seen.get('tapedeck_append_seconds_bucket{le="0.0025",category="engine",outcome="appended"}')).toBe(1);
    expect(seen.get('tapedeck_append_seconds_bucket{le="0.05",category="engine",outcome="appended"}')).toBe(2);
    expect(seen.get('tapedeck_append_seconds_count{category="request",outcome="appended"}')).toBe(1);
    expect(seen.get('tapedeck_heap_used_bytes{thread="main"}')).toBe(100);
    expect(seen.get('tapedeck_heap_used_bytes{thread="api"}')).toBe(7);
  });

  it('survive the way from one thread to another', async () => {
    const metrics = makeMetrics();
    metrics.of(DECISION_FAMILIES).orders.inc({ outcome: 'fill' }, 3);
    const sent = structuredClone(await metrics.snapshot());
    expect(await metricsText([sent])).toContain('tapedeck_orders_total{outcome="fill"} 3');
  });

  it('name every family once, with its type and what it means', async () => {
    const text = await metricsText([await makeMetrics().snapshot()]);
    const helps = [...text.matchAll(/^# HELP (\S+) (.+)$/gm)].map(([, name]) => name);
    const types = [...text.matchAll(/^# TYPE (\S+) (counter|gauge|histogram)$/gm)].map(([, name]) => name);
    expect(new Set(helps).size).toBe(helps.length);
    expect(types).toEqual(helps);
    for (const name of helps) expect(name).toMatch(/^(tapedeck|process)_[a-z_]+$/);
    const listed = [...METRIC_FAMILIES.values()].flatMap((families) => Object.values(families).map(({ name }) => name));
    expect(helps.sort()).toEqual(listed.sort());
  });

  it('are of families that are listed: others are told when they are first asked for', async () => {
    const families = { temperature: gauge('tapedeck_temperature', 'How warm it is') };
    expect(() => makeMetrics().of(families)).toThrow('no list of families has tapedeck_temperature');
    const metrics = new Metrics([SCRAPE_FAMILIES, families]);
    metrics.of(families).temperature.set(21);
    expect((await figures(metrics)).get('tapedeck_temperature')).toBe(21);
    expect(() => new Metrics([families, { again: families.temperature }])).toThrow('already');
  });

  it('show what is looked up at each scrape, and the rest although a look fails', async () => {
    const metrics = makeMetrics();
    let lag = 3;
    metrics.collect('engine', () => metrics.of(ENGINE_FAMILIES).lag.set(lag++));
    metrics.collect('read models', async () => Promise.reject(new Error('the disk is gone')));
    metrics.collect('halts', () => metrics.of(HALT_FAMILIES).inForce.set({ account: 'paper', mode: 'stop' }, 1));
    await figures(metrics);
    const seen = await figures(metrics);
    expect(seen.get('tapedeck_engine_lag_seconds')).toBe(4);
    expect(seen.get('tapedeck_halts_in_force{account="paper",mode="stop"}')).toBe(1);
    expect(seen.get('tapedeck_collect_failures_total{source="read models"}')).toBe(2);
  });

  it('show the depth of each queue beside its limit', async () => {
    const metrics = makeMetrics();
    let waiting = 4;
    metrics.watchQueue({ name: 'order-waits', limit: 100, depth: () => waiting });
    expect((await figures(metrics)).get('tapedeck_queue_depth{queue="order-waits"}')).toBe(4);
    waiting = 0;
    const seen = await figures(metrics);
    expect(seen.get('tapedeck_queue_depth{queue="order-waits"}')).toBe(0);
    expect(seen.get('tapedeck_queue_limit{queue="order-waits"}')).toBe(100);
  });

  it('show a count that is kept elsewhere as it is there', async () => {
    const metrics = makeMetrics();
    setCounter(metrics.of(PROCESS_FAMILIES).loopBusy, { thread: 'main' }, 5);
    setCounter(metrics.of(PROCESS_FAMILIES).loopBusy, { thread: 'main' }, 7);
    expect((await figures(metrics)).get('tapedeck_loop_busy_seconds_total{thread="main"}')).toBe(7);
  });
});
