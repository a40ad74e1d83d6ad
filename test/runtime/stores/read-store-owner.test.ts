import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { openMemoryReadStore } from '../../../src/adapters/memory/read-store.ts';
import { makeLogger } from '../../../src/logging.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { readStatus } from '../../../src/queries/status.ts';
import { applySettings } from '../../../src/requests/settings-apply.ts';
import { ENGINE_CHECKPOINT } from '../../../src/runtime/engine/engine-checkpoint.ts';
import { assertSameTape, OtherTapeError } from '../../../src/runtime/stores/read-store-owner.ts';
import { makeEngineRunner } from '../../../src/system.ts';
import { minuteBars, smallSettings, zigzag } from '../../support/small-market.ts';
import { timeAt } from '../../support/test-time.ts';

/** A tape with the same settings, begun at that time. */
async function tapeBegunAt(ms: number): Promise<EventStore> {
  const clock = timeAt(ms);
  const store = openMemoryEventStore({ time: clock, hasLock: true });
  await applySettings(store, smallSettings(1, 1, 2), { clock, actor: 'test', codeVersion: 'one' });
  return store;
}

function runnerOn(events: EventStore, reads: ReturnType<typeof openMemoryReadStore>) {
  const dependencies = { events, reads, time: timeAt(0), log: makeLogger('silent'), codeVersion: 'one', mayRollBack: false };
  return makeEngineRunner(dependencies);
}

describe('a read store', () => {
  it('belongs to the tape that it was first used with, and stays good for it', async () => {
    const [tape, reads] = [await tapeBegunAt(1000), openMemoryReadStore()];
    await assertSameTape(tape, reads);
    await expect(assertSameTape(tape, reads)).resolves.toBeUndefined();
  });

  it('of another tape is refused, though the settings are the same', async () => {
    const reads = openMemoryReadStore();
    await assertSameTape(await tapeBegunAt(1000), reads);
    await expect(assertSameTape(await tapeBegunAt(2000), reads)).rejects.toThrow(/another tape: .*TAPEDECK_READ_STORE/);
  });

  it('is refused beside a new, empty tape', async () => {
    const reads = openMemoryReadStore();
    await assertSameTape(await tapeBegunAt(1000), reads);
    const empty = openMemoryEventStore({ time: timeAt(0), hasLock: true });
    await expect(assertSameTape(empty, reads)).rejects.toThrow(/this one is empty/);
  });

  it('is refused when it has read beyond the end, as beside an older copy of its tape', async () => {
    const [tape, reads] = [await tapeBegunAt(1000), openMemoryReadStore()];
    await assertSameTape(tape, reads);
    await reads.commit(ENGINE_CHECKPOINT, [], '1000');
    await expect(assertSameTape(tape, reads)).rejects.toThrow(/"engine" has read up to position 1000, and this tape ends at \d+/);
  });

  it('of another tape lets no engine pass over evidence, and shows no old documents as today', async () => {
    const reads = openMemoryReadStore();
    const bars = minuteBars(zigzag(30));
    await runnerOn(await tapeBegunAt(1000), reads).inStep(bars, { actor: 'ingest', codeVersion: 'one' });
    const other = await tapeBegunAt(2000);
    await expect(runnerOn(other, reads).catchUp()).rejects.toThrow(OtherTapeError);
    await expect(readStatus(other, reads)).rejects.toThrow(OtherTapeError);
  });
});
