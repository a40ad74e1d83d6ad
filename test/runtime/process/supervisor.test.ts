import { describe, expect, it } from 'vitest';
import { StoreError, StoreUnavailableError } from '../../../src/ports/errors.ts';
import { LeaseLostError } from '../../../src/runtime/leases/lease.ts';
import { aborted } from '../../../src/runtime/process/abort.ts';
import { backoffMs, untilAvailable } from '../../../src/runtime/process/backoff.ts';
import { Supervisor } from '../../../src/runtime/process/supervisor.ts';

const AWAY = new StoreUnavailableError('event store', 'the event store does not answer');

describe('a part', () => {
  it('is begun again while an engine is away, which is told once, and runs when it is back', async () => {
    const told: string[] = [];
    const supervisor = new Supervisor((part, { backend }) => told.push(`${part} waits for the ${backend}`));
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
    const supervisor = new Supervisor(() => {});
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
    const supervisor = new Supervisor(() => {});
    const broken = new StoreError('the credentials are refused');
    await expect(supervisor.start('engine', () => Promise.reject(broken))).rejects.toBe(broken);
    await expect(supervisor.ended).rejects.toBe(broken);
    await supervisor.close();
  });

  it('finishes what is in hand when it is told to end, and a wait for an engine ends at once', async () => {
    const supervisor = new Supervisor(() => {});
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

describe('patience', () => {
  it('waits longer each time up to a limit, half of it by chance', () => {
    const waits = (random: number) => [1, 2, 3, 8, 100].map((failed) => backoffMs(failed, () => random));
    expect(waits(0)).toEqual([25, 50, 100, 2_500, 2_500]);
    expect(waits(1)).toEqual([50, 100, 200, 5_000, 5_000]);
  });

  it('asks again while an engine is away, and not for anything else', async () => {
    const outcomes = [AWAY, AWAY, 'done'];
    const away: string[] = [];
    const call = async () => {
      const next = outcomes.shift();
      if (next instanceof Error) throw next;
      return next;
    };
    const { signal } = new AbortController();
    expect(await untilAvailable(call, signal, ({ message }) => away.push(message))).toBe('done');
    expect(away).toEqual([AWAY.message]);
    const wrong = new StoreError('no such address');
    await expect(untilAvailable(() => Promise.reject(wrong), signal)).rejects.toBe(wrong);
  });

  it('ends with what it waited for when it is told to stop', async () => {
    const stop = new AbortController();
    const waiting = untilAvailable(
      () => Promise.reject(AWAY),
      stop.signal,
      () => stop.abort(),
    );
    await expect(waiting).rejects.toBe(AWAY);
  });
});
