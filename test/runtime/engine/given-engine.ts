/** A tape with the small market's settings, and processes with an engine on it. */

import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import type { Engine } from '../../../src/domain/engine/engine.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { applySettings } from '../../../src/requests/settings-apply.ts';
import { EngineRunner } from '../../../src/runtime/engine/engine-runner.ts';
import { makeEvidence, START } from '../../../src/tape/envelope.ts';
import { alteredEvents } from '../../support/altered-stores.ts';
import { type minuteBars, smallEngine, smallSettings, tickingClock } from '../../support/small-market.ts';

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
      if (left-- === 0) throw new Error('killed');
      return store.append(...args);
    },
  });
}
