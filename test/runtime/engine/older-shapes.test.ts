import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { openSqliteEventStore } from '../../../src/adapters/sqlite/event-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { verify } from '../../../src/audit/verify.ts';
import type { TapeEvent } from '../../../src/domain/catalogue.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { applySettings } from '../../../src/requests/settings-apply.ts';
import { EngineRunner } from '../../../src/runtime/engine/engine-runner.ts';
import { START } from '../../../src/tape/envelope.ts';
import { minuteBars, smallEngine, smallSettings, tickingClock, wholeTape, zigzag } from '../../support/small-market.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';

const folder = new TemporaryFolder();
const INGEST = { actor: 'ingest', codeVersion: 'one' };
const BARS = minuteBars(zigzag(40));

function runnerOn(store: EventStore, codeVersion: string): EngineRunner {
  const checkpoint = { assertSameTape: async () => {}, load: async () => START, save: async () => {} };
  const makeEngine = () => smallEngine(codeVersion);
  return new EngineRunner({ store, codeVersion, mayRollBack: false, clock: tickingClock(), makeEngine, checkpoint });
}

interface Shape {
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: object;
}

/** Bars as builds recorded them before they said how many contracts. */
function older<Event extends Shape>(event: Event): Event {
  if (event.type === 'CascadeDecided') {
    const { decisions } = event.data as { decisions: readonly Shape[] };
    return { ...event, data: { ...event.data, decisions: decisions.map(older) } };
  }
  if (event.type !== 'BarClosed') return event;
  const { contracts: _, ...data } = event.data as { contracts: null };
  return { ...event, schemaVersion: 1, data };
}

/** A tape of an older build, with settings, bars, signals and longer bars. */
async function olderTape(): Promise<EventStore> {
  const clock = tickingClock();
  const made = openMemoryEventStore({ time: clock, hasLock: true });
  await applySettings(made, smallSettings(1, 1, 2, '3m'), { clock, actor: 'test', codeVersion: 'one' });
  await runnerOn(made, 'one').inStep(BARS.slice(0, 30), INGEST);
  const copy = await openSqliteEventStore(folder.newFile(), systemTime);
  for (const { position: _, recordedAt: __, revision, ...event } of await wholeTape(made)) {
    await copy.append(event.stream, revision === 0 ? 'no-stream' : revision - 1, [older(event) as TapeEvent]);
  }
  return copy;
}

describe('a tape whose bars are of version 1', () => {
  it('is adopted as it is recorded, goes on, and is the same evidence when it is ingested again', async () => {
    const store = await olderTape();
    const runner = runnerOn(store, 'two');
    const same = { recorded: 0, already: 30, differing: 0, decisions: 0 };
    expect(await runner.inStep(BARS.slice(0, 30), INGEST)).toMatchObject(same);
    const more = await runner.inStep(BARS, INGEST);
    expect(more).toMatchObject({ recorded: 10, already: 30, differing: 0 });
    expect(more.decisions).toBeGreaterThan(5);
    const bars = (await wholeTape(store)).filter(({ type }) => type === 'BarClosed');
    expect(bars.every(({ schemaVersion, data }) => schemaVersion === 2 && 'contracts' in data && data.contracts === null)).toBe(
      true,
    );
    await store.close();
  });

  it('is what this build decides, bars within cascades too', async () => {
    const store = await olderTape();
    const { own, others } = await verify(store, smallEngine('one'), 'two');
    expect([own.differing, others.differing]).toEqual([0, 0]);
    expect(others.decisions).toBeGreaterThan(10);
    await store.close();
  });
});
