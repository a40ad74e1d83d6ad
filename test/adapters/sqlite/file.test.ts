/** What a person meets when a tape's file is not as it should be, and what nobody can do to one. */

import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { openSqliteEventStore, SqliteEventStore } from '../../../src/adapters/sqlite/event-store.ts';
import { explainFailure, openSqliteFile } from '../../../src/adapters/sqlite/file.ts';
import { openSqliteReadStore } from '../../../src/adapters/sqlite/read-store.ts';
import { openTapeFile, TAPE_FILE } from '../../../src/adapters/sqlite/tape-file.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { StoreError } from '../../../src/ports/errors.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { DAY, recovered, run } from '../../contracts/tape-events.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';
import { timeAt } from '../../support/test-time.ts';
import { unless } from '../../support/unless.ts';

const folder = new TemporaryFolder();

function open(file: string): Promise<EventStore> {
  return openSqliteEventStore(file, timeAt(DAY));
}

async function tapeOf(count: number): Promise<string> {
  const file = folder.newFile();
  const store = await open(file);
  if (count > 0) await store.append('feed-a', 'no-stream', run('feed-a', 0, count - 1));
  await store.close();
  return file;
}

/** The message of the StoreError that a promise is rejected with. */
async function complaint(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreError);
  return (error as StoreError).message;
}

describe('a tape', () => {
  test('is kept over a restart', async () => {
    const file = await tapeOf(3);
    const store = await open(file);
    expect(await store.read({ limit: 10 })).toHaveLength(3);
    expect(await store.append('feed-a', 2, [recovered('feed-a', 3)])).toMatchObject({ revision: 3, position: '4' });
    await store.close();
  });

  test('takes nothing more once its file is removed or replaced, for that would be lost', async () => {
    const file = await tapeOf(1);
    const store = await open(file);
    renameSync(file, `${file}.away`);
    const append = () => store.append('feed-a', 0, [recovered('feed-a', 1)]);
    expect(await complaint(append())).toContain(`${file} was removed or replaced while it was in use`);
    writeFileSync(file, '');
    expect(await complaint(append())).toContain('put it back');
    // Nor is anybody told how far it is, so that a process that only reads notices too.
    expect(await complaint(store.head())).toContain('put it back');
    renameSync(`${file}.away`, file);
    expect(await append()).toMatchObject({ revision: 1 });
    await store.close();
  });

  test('cannot be changed, not even with SQL', async () => {
    const db = new DatabaseSync(await tapeOf(2));
    expect(() => db.exec(`UPDATE events SET data = '{}'`)).toThrow(/the tape is immutable/);
    expect(() => db.exec('DELETE FROM events WHERE position = 2')).toThrow(/the tape is immutable/);
    db.close();
  });

  const REST = `category, type, schema_version, data, metadata, occurred_at, correlation_id, recorded_at`;
  /** What an attacker's own connection may write over the event at position 2, and over what else its row may meet. */
  const REPLACEMENTS = [
    `INSERT OR REPLACE INTO events (position, id, stream, revision, ${REST}) SELECT position, id, stream, revision, ${REST} FROM events WHERE position = 2`,
    `REPLACE INTO events (position, id, stream, revision, ${REST}) SELECT 99, id, stream, revision, ${REST} FROM events WHERE position = 2`,
    `REPLACE INTO events (position, id, stream, revision, ${REST}) SELECT 2, 'x', 'feed-z', 0, ${REST} FROM events WHERE position = 1`,
    `UPDATE OR REPLACE events SET position = 2 WHERE position = 1`,
    `INSERT INTO events (position, id, stream, revision, ${REST}) SELECT position, id, stream, revision, ${REST} FROM events WHERE position = 2
     ON CONFLICT (position) DO UPDATE SET data = '{}'`,
  ];

  test('has no event replaced, whoever made the file: SQLite deletes for that without asking the trigger for deletions', async () => {
    const file = await tapeOf(3);
    const old = new DatabaseSync(file);
    // As an older build made it.
    old.exec('DROP TRIGGER events_are_not_replaced');
    expect(() => old.exec(REPLACEMENTS[0] as string)).not.toThrow();
    old.close();
    const store = await open(file);
    const before = await store.read({ limit: 10 });
    const db = new DatabaseSync(file);
    for (const sql of REPLACEMENTS) expect(() => db.exec(sql), sql).toThrow(/the tape is immutable/);
    db.close();
    expect(await store.read({ limit: 10 })).toEqual(before);
    expect(await store.append('feed-a', 2, [recovered('feed-a', 3)])).toMatchObject({ revision: 3, position: '4' });
    await store.close();
  });

  test('is for its owner alone, also one that an older build left for everybody', async () => {
    const modes = (file: string) => ['', '-wal', '-shm'].map((end) => statSync(file + end).mode & 0o777);
    const before = process.umask(0o022);
    try {
      const file = join(dirname(folder.newFile()), 'made', 'tape.db');
      const store = await open(file);
      await store.append('feed-a', 'no-stream', run('feed-a', 0, 1));
      expect(modes(file)).toEqual([0o600, 0o600, 0o600]);
      expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
      await store.close();
      chmodSync(file, 0o644);
      const again = await open(file);
      await again.append('feed-a', 1, [recovered('feed-a', 2)]);
      expect(modes(file)).toEqual([0o600, 0o600, 0o600]);
      await again.close();
    } finally {
      process.umask(before);
    }
  });

  test('is written through to the disk at every commit', async () => {
    const db = await openTapeFile(folder.newFile(), systemTime);
    expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    db.close();
  });

  test('is read by a page of a long stream, of a correlation or of a category without a scan or a sort', async () => {
    const db = new DatabaseSync(await tapeOf(1));
    const { readStatement } = await import('../../../src/adapters/sqlite/read-sql.ts');
    const plans = [
      readStatement({ stream: 'a', limit: 5 }, 'stream', { after: 7 }),
      readStatement({ correlationId: 'a', isBackward: true, limit: 5 }, 'correlation', { after: 7 }),
      readStatement({ categories: ['a', 'b', 'c'], limit: 5 }, 'categories', { after: 7 }),
      readStatement({ types: ['a', 'b'], categories: ['c'], isBackward: true, limit: 5 }, 'types', { after: 7 }),
      readStatement({ from: 'a', limit: 5 }, 'position', { after: 7 }),
    ].map(({ sql, parameters }) => db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters));
    for (const plan of plans) {
      for (const { detail } of plan) expect(detail).toMatch(/^(SEARCH events USING|MERGE|LEFT|RIGHT)/);
    }
    db.close();
  });
});

describe('a file of another version', () => {
  const { guard: _guard, ...unguarded } = TAPE_FILE;
  const first = { ...unguarded, migrations: ['CREATE TABLE notes (text TEXT)'] };
  const second = { ...first, migrations: [...first.migrations, `ALTER TABLE notes ADD COLUMN author TEXT DEFAULT 'nobody'`] };

  test('that is older is brought up to date, and what it held is there', async () => {
    const file = folder.newFile();
    const old = await openSqliteFile(file, first, systemTime);
    old.exec(`INSERT INTO notes VALUES ('kept')`);
    old.close();
    const migrated = await Promise.all([openSqliteFile(file, second, systemTime), openSqliteFile(file, second, systemTime)]);
    for (const db of migrated) {
      expect(db.prepare('SELECT * FROM notes').all()).toEqual([{ text: 'kept', author: 'nobody' }]);
      expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: 2 });
      db.close();
    }
  });

  test('stays as it was when a step fails', async () => {
    const file = folder.newFile();
    (await openSqliteFile(file, first, systemTime)).close();
    const broken = { ...first, migrations: [...first.migrations, 'DROP TABLE notes; SELECT nonsense'] };
    await expect(openSqliteFile(file, broken, systemTime)).rejects.toThrow(/nonsense/);
    const db = await openSqliteFile(file, first, systemTime);
    expect(db.prepare('SELECT count(*) AS rows FROM notes').get()).toEqual({ rows: 0 });
    db.close();
  });

  test('that is newer is refused, and not touched', async () => {
    const file = await tapeOf(1);
    const db = new DatabaseSync(file);
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(await complaint(open(file))).toBe(
      `the tape ${file} has version 99 and this build knows versions up to ${TAPE_FILE.migrations.length}: run the newer build, or name another file`,
    );
  });
});

describe('a file that is no tape', () => {
  test('but another database is refused, and not touched', async () => {
    const file = folder.newFile();
    mkdirSync(dirname(file));
    const db = new DatabaseSync(file);
    db.exec('CREATE TABLE customers (name TEXT)');
    db.close();
    const before = readFileSync(file);
    expect(await complaint(open(file))).toContain(`${file} is not a tape of Tapedeck`);
    expect(readFileSync(file)).toEqual(before);
  });

  test('but a read store is refused, and the other way round', async () => {
    const file = folder.newFile();
    await (await openSqliteReadStore(file, systemTime)).close();
    expect(await complaint(open(file))).toContain('is not a tape of Tapedeck');
    expect(await complaint(openSqliteReadStore(await tapeOf(1), systemTime))).toContain('is not a read store of Tapedeck');
  });

  test('but something else is refused', async () => {
    const file = folder.newFile();
    mkdirSync(dirname(file));
    writeFileSync(file, 'these are my notes, and they are not a database at all\n'.repeat(100));
    expect(await complaint(open(file))).toContain(`the tape ${file} is not a SQLite database`);
  });

  test('but a folder is refused', async () => {
    const file = folder.newFile();
    mkdirSync(file, { recursive: true });
    expect(await complaint(open(file))).toContain(`the tape ${file} cannot be opened`);
  });
});

describe('a machine that refuses', () => {
  test('a folder that cannot be made: says which', async () => {
    const blocked = folder.newFile();
    mkdirSync(dirname(blocked));
    writeFileSync(blocked, '');
    expect(await complaint(open(join(blocked, 'data', 'tape.db')))).toContain(
      `the folder ${join(blocked, 'data')} of the tape cannot be made`,
    );
  });

  const isRoot = process.getuid?.() === 0;
  test('a file that may not be written: says so when it is opened', unless(!isRoot, 'root may write every file'), async () => {
    const file = await tapeOf(1);
    chmodSync(file, 0o400);
    expect(await complaint(open(file))).toContain(`the tape ${file} cannot be written`);
  });

  test('a failure at reading only is told in the same way', () => {
    const db = new DatabaseSync(':memory:', { readOnly: false });
    db.exec('PRAGMA query_only = 1');
    let failure: unknown;
    try {
      db.exec('CREATE TABLE t (a)');
    } catch (error) {
      failure = error;
    }
    expect(explainFailure(failure, 'tape', 'x.db')).toMatchObject({
      message: expect.stringContaining('the tape x.db cannot be written'),
    });
    const bug = new TypeError('ours');
    expect(explainFailure(bug, 'tape', 'x.db')).toBe(bug);
  });

  test('a damaged file is told as such, by whoever reads the damage', async () => {
    const file = await tapeOf(400);
    const bytes = readFileSync(file);
    bytes.fill(0x5a, 4096 * 3);
    writeFileSync(file, bytes);
    const reading = open(file).then((store) => store.read({ limit: 1000 }));
    expect(await complaint(reading)).toContain('is damaged: keep it for examination and restore the last backup');
  });

  describe('a full disk', () => {
    /** SQLite answers SQLITE_FULL at a page limit just as it does at a full disk. */
    async function nearlyFull(): Promise<{ file: string; store: SqliteEventStore; free: () => void }> {
      const file = await tapeOf(50);
      const db = await openTapeFile(file, systemTime);
      const { page_count: pages } = db.prepare('PRAGMA page_count').get() as { page_count: number };
      db.exec(`PRAGMA max_page_count = ${pages + 2}`);
      const store = new SqliteEventStore(db, { file, time: timeAt(DAY) });
      return { file, store, free: () => db.exec('PRAGMA max_page_count = 1000000') };
    }

    test('refuses what does not fit, whole, keeps what was there, and goes on when there is room', async () => {
      const { file, store, free } = await nearlyFull();
      const outcomes = await Promise.allSettled([
        store.append('feed-b', 'no-stream', run('feed-b', 0, 2)),
        store.append('feed-a', 49, run('feed-a', 50, 449)),
      ]);
      // They are one transaction: none of them can be said to be recorded.
      for (const outcome of outcomes) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreError) });
        expect((outcome as PromiseRejectedResult).reason.message).toContain(`the tape ${file} cannot grow, the disk is full`);
      }
      expect(await store.read({ limit: 1000 })).toHaveLength(50);
      free();
      expect(await store.append('feed-a', 49, run('feed-a', 50, 449))).toMatchObject({ revision: 449, position: '450' });
      expect(await store.append('feed-b', 'no-stream', run('feed-b', 0, 2))).toMatchObject({ isRepeated: false });
      await store.close();
    });

    test('ends an exclusive section without a trace, even when its work takes no notice', async () => {
      const { store } = await nearlyFull();
      const working = store.exclusively((tape) => {
        tape.append('feed-b', 'no-stream', run('feed-b', 0, 2));
        try {
          tape.append('feed-a', 49, run('feed-a', 50, 449));
        } catch {
          // What a careless caller would do.
        }
        try {
          tape.append('feed-c', 'no-stream', [recovered('feed-c', 0)]);
        } catch {
          // Once more.
        }
      });
      expect(await complaint(working)).toContain('the disk is full');
      expect(await store.read({ limit: 1000 })).toHaveLength(50);
      await store.close();
    });
  });
});
