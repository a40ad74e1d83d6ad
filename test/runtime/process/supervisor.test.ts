import { describe, expect, it } from 'vitest';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { StoreError, StoreUnavailableError } from '../../../src/ports/errors.ts';
import { LeaseLostError } from '../../../src/runtime/leases/lease.ts';
import { Supervisor } from '../../../src/runtime/process/supervisor.ts';
import { aborted } from '../../../src/waiting.ts';

const AWAY = new StoreUnavailableError('event store', 'the event store does not answer');

describe('a part', () => {
  it('is begun again while a backend is away, which is told once, and runs when it is back', async () => {
    const told: string[] = [];
    const supervisor = new Supervisor(systemTime, (part, { backend }) => told.push(`${part} waits for the ${backend}`));
    let tries = 0;
    const started = supervisor.start('engine', async (tell, signal) => {
      if (++tries < 4) throw AWAY;
      tell('running');
      await aborted(signal);
    });
    await expect
      .poll(() => supervisor.reports())
      .toEqual([{ part: 'engine', state: 'waiting', reason: 'event store: the event store does not answer' }]);
    await started;
    expect(supervisor.reports()).toEqual([{ part: 'engine', state: 'running', reason: null }]);
    expect(told).toEqual(['engine waits for the event store']);
    await supervisor.close();
  });

  it('is begun again, standing by, when another instance has its lease', async () => {
    const supervisor = new Supervisor(systemTime, () => {});
    let tries = 0;
    await supervisor.start('engine', async (tell, signal) => {
      if (++tries === 1) throw new LeaseLostError('engine');
      tell('standby');
      await aborted(signal);
    });
    expect(tries).toBe(2);
    await supervisor.close();
  });

  it('ends the process when waiting does not mend what is wrong', async () => {
    const supervisor = new Supervisor(systemTime, () => {});
    const broken = new StoreError('the credentials are refused');
    await expect(supervisor.start('engine', () => Promise.reject(broken))).rejects.toBe(broken);
    await expect(supervisor.ended).rejects.toBe(broken);
    await supervisor.close();
  });

  it('finishes what is in hand when it is told to end, and a wait for a backend ends at once', async () => {
    const supervisor = new Supervisor(systemTime, () => {});
    const log: string[] = [];
    await supervisor.start('projection', async (tell, signal) => {
      tell('running');
      await aborted(signal);
      await Promise.resolve();
      log.push('finished');
    });
    const waiting = supervisor.start('relay', () => Promise.reject(AWAY));
    await expect.poll(() => supervisor.reports().at(-1)?.state).toBe('waiting');
    await supervisor.close();
    await waiting;
    expect(log).toEqual(['finished']);
  });
});
