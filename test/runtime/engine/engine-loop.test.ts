import { describe, expect, it, vi } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { applySettings } from '../../../src/requests/settings-apply.ts';
import { SupersededError } from '../../../src/runtime/engine/decision-log.ts';
import { startEngineLoop } from '../../../src/runtime/engine/engine-loop.ts';
import { EngineRunner } from '../../../src/runtime/engine/engine-runner.ts';
import { makeEvidence, START } from '../../../src/tape/envelope.ts';
import { minuteBars, smallEngine, smallSettings, tickingClock, zigzag } from '../../support/small-market.ts';

const BARS = minuteBars(zigzag(20));

async function tape(): Promise<EventStore> {
  const clock = tickingClock();
  const store = openMemoryEventStore({ time: clock, hasLock: true });
  await applySettings(store, smallSettings(1, 1, 2), { clock, actor: 'test', codeVersion: 'one' });
  return store;
}

function runnerOn(store: EventStore, codeVersion = 'one', makeEngine = () => smallEngine(codeVersion)): EngineRunner {
  const checkpoint = { assertSameTape: async () => {}, load: async () => START, save: async () => undefined };
  return new EngineRunner({ store, codeVersion, clock: tickingClock(), makeEngine, checkpoint });
}

async function record(store: EventStore, from: number, to: number): Promise<void> {
  for (const [index, { type, stream, key, data, occurredAt }] of BARS.entries()) {
    if (index < from || index >= to) continue;
    const event = makeEvidence(type, stream, key, data, { occurredAt, actor: 'ingest', codeVersion: 'one' });
    await store.append(stream, index === 0 ? 'no-stream' : index - 1, [event]);
  }
}

const signalsOn = (store: EventStore) => store.read({ categories: ['signals'], limit: 500 });

describe('the loop of the engine', () => {
  it('decides what was recorded before it started, then whatever others record', async () => {
    const store = await tape();
    await record(store, 0, 10);
    const loop = await startEngineLoop(runnerOn(store), store);
    const before = (await signalsOn(store)).length;
    expect(before).toBeGreaterThan(0);
    await record(store, 10, 20);
    await vi.waitFor(async () => expect((await signalsOn(store)).length).toBeGreaterThan(before));
    await loop.close();
    await expect(loop.ended).resolves.toBeUndefined();
  });

  it('leaves alone what this process took in step', async () => {
    const store = await tape();
    const runner = runnerOn(store);
    const loop = await startEngineLoop(runner, store);
    const catchUp = vi.spyOn(runner, 'catchUp');
    await runner.inStep(BARS, { actor: 'ingest', codeVersion: 'one' });
    await loop.close();
    expect(catchUp).not.toHaveBeenCalled();
  });

  it('ends with the reason when another build takes over', async () => {
    const store = await tape();
    const loop = await startEngineLoop(runnerOn(store), store);
    const ended = expect(loop.ended).rejects.toThrow(SupersededError);
    await runnerOn(store, 'two').catchUp();
    await record(store, 0, 1);
    await ended;
  });

  it('ends with the reason when the engine fails, and leaves the tape whole', async () => {
    const store = await tape();
    const broken = () => {
      const engine = smallEngine('one');
      const decide = engine.decide.bind(engine);
      engine.decide = (evidence) => {
        if (evidence.id === failsAt) throw new Error('a bug');
        return decide(evidence);
      };
      return engine;
    };
    const { type, stream, key, data, occurredAt } = BARS[5] as (typeof BARS)[number];
    const failsAt = makeEvidence(type, stream, key, data, { occurredAt, actor: 'x', codeVersion: 'x' }).id;
    const loop = await startEngineLoop(runnerOn(store, 'one', broken), store);
    const ended = expect(loop.ended).rejects.toThrow('a bug');
    await record(store, 0, 20);
    await ended;
    await runnerOn(store).catchUp();
    const clean = await tape();
    await record(clean, 0, 20);
    await runnerOn(clean).catchUp();
    expect((await signalsOn(store)).map(({ id }) => id)).toEqual((await signalsOn(clean)).map(({ id }) => id));
  });

  it('does not start where the engine cannot', async () => {
    const store = await tape();
    await runnerOn(store).catchUp();
    await runnerOn(store, 'two').catchUp();
    await expect(startEngineLoop(runnerOn(store), store)).rejects.toThrow(SupersededError);
  });
});
