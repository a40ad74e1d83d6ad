import { describe, expect, it } from 'vitest';
import { StoreError, StoreUnavailableError } from '../src/ports/errors.ts';
import { aborted, backoffMs, onAbort, pause, untilAvailable, within } from '../src/waiting.ts';
import { SimulatedTime } from './support/simulated-time.ts';
import { hastyTime } from './support/test-time.ts';

const AWAY = new StoreUnavailableError('event store', 'the event store does not answer');
const time = hastyTime();

describe('waiting for a backend', () => {
  it('waits longer each time up to a limit, half of it by chance', () => {
    const waits = (random: number) => [1, 2, 3, 8, 100].map((failed) => backoffMs({ random: () => random }, failed));
    expect(waits(0)).toEqual([25, 50, 100, 2_500, 2_500]);
    expect(waits(1)).toEqual([50, 100, 200, 5_000, 5_000]);
  });

  it('asks again while a backend is away, and not for anything else', async () => {
    const outcomes = [AWAY, AWAY, 'done'];
    const away: string[] = [];
    const call = async () => {
      const next = outcomes.shift();
      if (next instanceof Error) throw next;
      return next;
    };
    const { signal } = new AbortController();
    expect(await untilAvailable(time, call, signal, ({ message }) => away.push(message))).toBe('done');
    expect(away).toEqual([AWAY.message]);
    const wrong = new StoreError('no such address');
    await expect(untilAvailable(time, () => Promise.reject(wrong), signal)).rejects.toBe(wrong);
  });

  it('ends with what it waited for when it is told to stop', async () => {
    const stop = new AbortController();
    const waiting = untilAvailable(
      time,
      () => Promise.reject(AWAY),
      stop.signal,
      () => stop.abort(),
    );
    await expect(waiting).rejects.toBe(AWAY);
  });
});

describe('a pause', () => {
  it('is over after its time, or when the signal aborts', async () => {
    const simulated = new SimulatedTime();
    const [short, stop] = [pause(simulated, 50), new AbortController()];
    let isStopped = false;
    const endless = pause(simulated, 1e9, stop.signal).then(() => {
      isStopped = true;
    });
    let isOver = false;
    void short.then(() => {
      isOver = true;
    });
    await simulated.runUntil(49);
    expect([isOver, isStopped]).toEqual([false, false]);
    await simulated.runUntil(50);
    expect([isOver, isStopped]).toEqual([true, false]);
    stop.abort();
    await endless;
    await pause(simulated, 1e9, stop.signal);
    await aborted(stop.signal);
  });
});

describe('a time limit', () => {
  const late = (ms: number) => new Error(`no answer within ${ms} ms`);

  it('lets an answer through, and refuses one that is late', async () => {
    const simulated = new SimulatedTime();
    expect(await within(simulated, 10, async () => 'answer', late)).toBe('answer');
    const waiting = within(simulated, 10, () => new Promise(() => {}), late);
    const refused = expect(waiting).rejects.toThrow('no answer within 10 ms');
    await simulated.runUntil(10);
    await refused;
  });

  it('begins again with each sign of life', async () => {
    const simulated = new SimulatedTime();
    let outcome = 'waits';
    const waiting = within(
      simulated,
      10,
      async (limit) => {
        for (let signs = 0; signs < 3; signs++) {
          await pause(simulated, 8);
          limit.restart();
        }
        await new Promise(() => {});
      },
      late,
    );
    const over = waiting.catch((error: Error) => {
      outcome = error.message;
    });
    await simulated.runUntil(33);
    expect(outcome).toBe('waits');
    await simulated.runUntil(34);
    await over;
    expect(outcome).toBe('no answer within 10 ms');
  });

  it('may become shorter, or be given up', async () => {
    const simulated = new SimulatedTime();
    const shorter = within(
      simulated,
      1_000,
      (limit) => {
        limit.restart(10);
        return new Promise(() => {});
      },
      late,
    );
    const refused = expect(shorter).rejects.toThrow('no answer within 10 ms');
    await simulated.runUntil(10);
    await refused;
    const givenUp = within(
      simulated,
      1_000,
      (limit) => {
        limit.giveUp(new Error('given up'));
        return new Promise(() => {});
      },
      late,
    );
    await expect(givenUp).rejects.toThrow('given up');
  });
});

describe('a listener to a signal', () => {
  it('is called once, at once where it has aborted, and not after it was taken back', () => {
    const told: string[] = [];
    const [first, second] = [new AbortController(), new AbortController()];
    onAbort(first.signal, () => told.push('first'));
    onAbort(second.signal, () => told.push('second'))();
    first.abort();
    second.abort();
    onAbort(first.signal, () => told.push('again'));
    expect(told).toEqual(['first', 'again']);
  });
});
