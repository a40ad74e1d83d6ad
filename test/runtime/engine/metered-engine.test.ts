import { describe, expect, it } from 'vitest';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { Engine } from '../../../src/domain/engine/engine.ts';
import { REACTORS } from '../../../src/domain/reactors.ts';
import { makeMetrics } from '../../../src/metric-families.ts';
import { countDecisions, meterEngine } from '../../../src/runtime/engine/metered-engine.ts';
import { makeId } from '../../../src/tape/id.ts';
import { CROSS, PAPER, Scene } from '../../domain/given.ts';
import { figures } from '../../support/figures.ts';

/** A day on which one strategy turns back and forth, the last time into a limit. */
function aDay(): Scene {
  const scene = new Scene(REACTORS);
  scene.settings({ strategies: [CROSS], accounts: [{ ...PAPER, limits: { positionSize: '115' } }] });
  scene.begin();
  for (const close of [100, 90, 80, 95, 110, 105, 90, 80, 100, 120, 130]) {
    scene.now += 60_000;
    scene.bar(String(close));
  }
  return scene;
}

/** The same evidence again, to an engine that tells its times. */
function metered() {
  const metrics = makeMetrics();
  const engine = new Engine(REACTORS, makeId, 'test', meterEngine(metrics, systemTime));
  const scene = aDay();
  const evidence = scene.tape.filter(({ metadata }) => metadata.reactor === undefined);
  return { metrics, engine, scene, evidence };
}

describe('a metered engine', () => {
  it('decides what one without figures decides, and keeps the same state', () => {
    const { engine, scene, evidence } = metered();
    const tape = evidence.flatMap((event) => [event, ...engine.decide(event)]);
    expect(tape).toEqual(scene.tape);
    expect(tape.filter(({ type }) => type.startsWith('Order')).length).toBeGreaterThan(4);
    const copy = new Engine(REACTORS, makeId, 'test');
    copy.restore(engine.snapshot());
    expect(copy.snapshot()).toEqual(scene.engine.snapshot());
  });

  it('tells of each piece of evidence by type, of each cascade its size, and of each order how long its checks took', async () => {
    const { metrics, engine, scene, evidence } = metered();
    const cascades = evidence.map((event) => engine.decide(event).length).filter((size) => size > 0);
    const seen = await figures(metrics);
    expect(seen.get('tapedeck_decide_seconds_count{type="BarClosed"}')).toBe(11);
    expect(seen.get('tapedeck_decide_seconds_count{type="FeedRecovered"}')).toBe(1);
    expect(seen.get('tapedeck_decide_seconds_sum{type="BarClosed"}')).toBeGreaterThan(0);
    expect(seen.get('tapedeck_cascade_decisions_count')).toBe(cascades.length);
    expect(seen.get('tapedeck_cascade_decisions_sum')).toBe(cascades.reduce((sum, size) => sum + size, 0));
    const signals = scene.tape.filter(({ type }) => type === 'SignalGenerated').length;
    expect(signals).toBeGreaterThan(2);
    expect(seen.get('tapedeck_risk_seconds_count{cause="SignalGenerated"}')).toBe(signals);
  });

  it('takes no times while it adopts', async () => {
    const { metrics, engine, evidence } = metered();
    for (const event of evidence) engine.adopt(event, []);
    expect([...(await figures(metrics)).keys()].filter((name) => name.startsWith('tapedeck_decide'))).toEqual([]);
  });
});

describe('the count of decisions', () => {
  it('has every signal by strategy and side, every order by outcome, and every denial by its reason', async () => {
    const metrics = makeMetrics();
    const { tape } = aDay();
    countDecisions(metrics, tape);
    const seen = await figures(metrics);
    const count = (is: (event: (typeof tape)[number]) => boolean) => tape.filter(is).length;
    expect(seen.get('tapedeck_signals_total{strategy="cross",side="buy"}')).toBe(
      count((event) => event.type === 'SignalGenerated' && event.data.side === 'buy'),
    );
    expect(seen.get('tapedeck_orders_total{outcome="approved"}')).toBe(count(({ type }) => type === 'OrderApproved'));
    expect(seen.get('tapedeck_orders_total{outcome="fill"}')).toBe(count(({ type }) => type === 'OrderFilled'));
    const denied = seen.get('tapedeck_orders_denied_total{strategy="cross",reason="position-size"}');
    expect(denied).toBe(count((event) => event.type === 'OrderDenied' && event.data.reason === 'position-size'));
    expect(denied).toBeGreaterThan(0);
  });
});
