/** Another process holds the lock of the tape's file, and does not let it go: one that was stopped within a commit. */

import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openMemoryReadStore } from '../../src/adapters/memory/read-store.ts';
import { SqliteEventStore } from '../../src/adapters/sqlite/event-store.ts';
import { openTapeFile } from '../../src/adapters/sqlite/tape-file.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { makeLogger } from '../../src/logging.ts';
import { makeSystem } from '../../src/system.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';
import { until } from '../support/until.ts';

const temporary = new TemporaryFolder();

describe('a system whose tape is locked by another process', () => {
  it('waits, says for what, and goes on when the lock is let go', async () => {
    const file = temporary.newFile();
    const tape = await openTapeFile(file, systemTime);
    const events = new SqliteEventStore(tape, { file, time: systemTime, lockWaitMs: 100 });
    const reads = openMemoryReadStore();
    const log = makeLogger('silent');
    const system = makeSystem({ events, reads, time: systemTime, log, codeVersion: 'one', mayRollBack: false });
    let ended: unknown;
    system.ended.catch((error: unknown) => {
      ended = error;
    });
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    const started = system.start();
    const engine = () => system.report().parts.find(({ part }) => part === 'engine');
    await until(() => engine()?.state === 'waiting');
    expect(engine()?.reason).toContain(`event store: the tape ${file} is locked by another process`);
    expect(ended).toBeUndefined();
    other.exec('ROLLBACK');
    other.close();
    await started;
    expect(engine()).toMatchObject({ state: 'running', reason: null });
    const [first] = await events.read({ limit: 1 });
    expect(first?.type).toBe('EngineActivated');
    await system.close();
    await events.close();
  });
});
