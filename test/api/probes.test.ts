/** What the cluster asks of a process without the API. */

import { describe, expect, it, onTestFinished } from 'vitest';
import { systemTime } from '../../src/adapters/system-time.ts';
import type { Violation } from '../../src/api/http/problem.ts';
import { buildProbeServer } from '../../src/api/probes.ts';
import { makeLogger } from '../../src/logging.ts';
import { makeMetrics } from '../../src/metric-families.ts';
import { INSTANCE_FAMILIES } from '../../src/runtime/process/instance-metrics.ts';
import type { SystemReport } from '../../src/runtime/process/system-report.ts';

const LEASES = [{ name: 'engine', holder: 'host-a:1', here: true }];

function given(report: SystemReport | null, failing: readonly Violation[] = [], isLocal = true) {
  const metrics = makeMetrics();
  const health = { live: () => [], ready: () => failing, started: () => [], report: () => report };
  const server = buildProbeServer({
    health,
    metrics,
    logger: makeLogger('silent'),
    isLocal,
    time: systemTime,
    descriptors: 1_024,
  });
  onTestFinished(() => server.close());
  return { metrics, get: (url: string, host = 'localhost:80') => server.inject({ url, headers: { host } }) };
}

describe('the probes', () => {
  it.each(['/livez', '/readyz', '/startupz'])('%s says who does what', async (url) => {
    const answer = await given({ parts: [{ part: 'engine', state: 'running', reason: null }], leases: LEASES }).get(url);
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ status: 'ok', leases: LEASES });
  });

  it('say what is waited for, whether that matters to the question or not', async () => {
    const parts = [{ part: 'relay', state: 'waiting', reason: 'Kafka does not answer' }] as const;
    const well = await given({ parts, leases: [] }).get('/readyz');
    expect(well.json()).toEqual({ status: 'ok', awaited: [{ part: 'relay', reason: 'Kafka does not answer' }] });
    const unwell = await given({ parts, leases: [] }, [{ path: 'event store', message: 'does not answer' }]).get('/readyz');
    expect(unwell.statusCode).toBe(503);
    expect(unwell.json().errors).toEqual([
      { path: 'event store', message: 'does not answer' },
      { path: 'relay', message: 'Kafka does not answer' },
    ]);
  });

  it('show the figures', async () => {
    const { metrics, get } = given(null);
    metrics.of(INSTANCE_FAMILIES).leaseHeld.set({ lease: 'engine' }, 1);
    expect((await get('/metrics')).body).toContain('tapedeck_lease_held{lease="engine"} 1');
  });

  it('show them to no web page under another name, but to a cluster under whichever it has', async () => {
    const local = given(null);
    expect((await local.get('/metrics', 'rebound.example')).statusCode).toBe(403);
    expect((await local.get('/livez', 'rebound.example')).statusCode).toBe(200);
    expect((await given(null, [], false).get('/metrics', 'tapedeck.trading.svc:3000')).statusCode).toBe(200);
  });

  it('are all that is served', async () => {
    const answer = await given(null).get('/v1/orders');
    expect(answer.statusCode).toBe(404);
    expect(answer.json().detail).toContain('serves no API');
  });
});
