/** A tape with the small market's settings, and processes with an engine on it. */

import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import type { Engine } from '../../../src/domain/engine/engine.ts';
import { ENGINE_STREAM } from '../../../src/domain/streams.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { applySettings } from '../../../src/requests/settings-apply.ts';
import { EngineRunner } from '../../../src/runtime/engine/engine-runner.ts';
import { MAX_STEPS } from '../../../src/runtime/engine/in-step.ts';
import { makeEvidence, START } from '../../../src/tape/envelope.ts';
import { alteredEvents } from '../../support/altered-stores.ts';
import { chattyEngine } from '../../support/chatty-engine.ts';
import { factsOf, minuteBars, smallEngine, smallSettings, tickingClock, wholeTape, zigzag } from '../../support/small-market.ts';

export const INGEST = { actor: 'ingest', codeVersion: 'one' };

/** Holds settings alone. */
export async function tapeWith(
  options: { hasLock: boolean },
  ...settings: Parameters<typeof smallSettings>
): Promise<EventStore> {
  const clock = tickingClock();
  const store = openMemoryEventStore({ time: clock, hasLock: options.hasLock });
  await applySettings(store, smallSettings(...settings), { clock, actor: 'test', codeVersion: 'one' });
  return store;
}

interface RunnerChoices {
  readonly codeVersion?: string;
  readonly makeEngine?: () => Engine;
  readonly mayRollBack?: boolean;
  readonly checkpoint?: { position: string; saved?: () => void };
}

/** A new process on the tape; its checkpoint is its own without one. */
export function runnerOn(
  store: EventStore,
  { codeVersion = 'one', makeEngine, mayRollBack = false, checkpoint }: RunnerChoices = {},
): EngineRunner {
  const kept: NonNullable<typeof checkpoint> = checkpoint ?? { position: START };
  return new EngineRunner({
    store,
    codeVersion,
    mayRollBack,
    clock: tickingClock(),
    makeEngine: makeEngine ?? (() => smallEngine(codeVersion)),
    checkpoint: {
      assertSameTape: async () => {},
      load: async () => kept.position,
      save: async (_activation, position) => {
        kept.position = position;
        kept.saved?.();
      },
    },
  });
}

/** Appends bars as another process that only records does. */
export async function record(store: EventStore, drafts: ReturnType<typeof minuteBars>, traceparent?: string): Promise<void> {
  for (const draft of drafts) {
    const origin = { ...INGEST, occurredAt: draft.occurredAt, traceparent };
    const event = makeEvidence(draft.type, draft.stream, draft.key, draft.data, origin);
    const [last] = await store.read({ stream: draft.stream, isBackward: true, limit: 1 });
    await store.append(draft.stream, last?.revision ?? 'no-stream', [event]);
  }
}

/** The store without the copies, as a process leaves it that dies right after the append to `engine`. */
export function dyingAfter(store: EventStore, appends: number): EventStore {
  let left = appends;
  return alteredEvents(store, {
    append: async (...args) => {
      if (left-- <= 0) throw new Error('killed');
      return store.append(...args);
    },
  });
}

/** An engine that decides on every bar, in several streams; `text` is in each of its decisions. */
export function chattyOn(store: EventStore, text = ''): EngineRunner {
  return runnerOn(store, { makeEngine: () => chattyEngine('one', text) });
}

/** What it leaves of so many bars that are taken in in step, on a tape with a lock. */
export async function chattyInStep(count: number, text = ''): Promise<Record<string, unknown[]>> {
  const store = await tapeWith({ hasLock: true }, 1, 1, 2);
  const bars = minuteBars(zigzag(count));
  for (let from = 0; from < count; from += MAX_STEPS)
    await chattyOn(store, text).inStep(bars.slice(from, from + MAX_STEPS), INGEST);
  return factsOf(await wholeTape(store));
}

/**
 * Decides on 90 bars in two processes. The first is frozen with its cascades recorded and so many copies made, until the
 * second has gone on.
 */
export async function decideWithOneFrozen(store: EventStore, copiesMade: number): Promise<void> {
  const bars = minuteBars(zigzag(90));
  const [asleep, thaw] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let copies = Number.NaN;
  const frozen = chattyOn(
    alteredEvents(store, {
      append: async (stream, expected, events) => {
        if (stream === ENGINE_STREAM && events.length > 1) copies = 0;
        else if (copies++ >= copiesMade) {
          asleep.resolve();
          await thaw.promise;
        }
        return store.append(stream, expected, events);
      },
    }),
  );
  await frozen.catchUp();
  await record(store, bars.slice(0, 40));
  const thawing = frozen.catchUp();
  await asleep.promise;
  const other = chattyOn(store);
  await other.catchUp();
  await record(store, bars.slice(40, 60));
  await other.catchUp();
  thaw.resolve();
  await thawing;
  await record(store, bars.slice(60));
  await Promise.all([frozen.catchUp(), other.catchUp()]);
}
