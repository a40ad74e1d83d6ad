/** The common part of every SQLite file of Tapedeck: opening, migrations, the wait for the write lock, plain errors. */

import { accessSync, chmodSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Time } from '../../ports/clock.ts';
import { StoreError, StoreUnavailableError } from '../../ports/errors.ts';
import { pause } from '../../waiting.ts';

/** How long to wait for a lock that another process holds, before saying so. */
export const LOCK_WAIT_MS = 30_000;

/** SQLite itself waits this long, and blocks the process meanwhile; between its waits the process goes on. */
const BLOCKING_WAIT_MS = 5;
const PAUSE_MS = 2;

export interface SqliteFileKind {
  /** The file's name for people: `tape`, `read store`. */
  readonly what: string;
  /** Marks the file as of this kind (`PRAGMA application_id`), so that another program's file is never written to. */
  readonly applicationId: number;
  /** `full`: a commit survives a power cut. `normal`: the newest commits may not, the file is whole. */
  readonly synchronous: 'full' | 'normal';
  /** SQL that brings a file from version n to version n + 1. Never change one that was released: add one. */
  readonly migrations: readonly string[];
  /** A trigger that each file has, whatever its version, and the SQL that makes it. */
  readonly guard?: { readonly trigger: string; readonly sql: string };
}

/** At this length of the log (16 MB) a commit brings it into the file by itself, where no other thread came to it. */
const LONG_LOG_PAGES = 4_000;

/** A failure of SQLite, as `node:sqlite` throws it. */
interface SqliteFailure extends Error {
  readonly errcode: number;
}

const BUSY = 5;
const LOCKED = 6;
const ADVICE: Readonly<Record<number, string>> = {
  [BUSY]: 'is locked by another process: wait for it to finish or stop it, then try again',
  [LOCKED]: 'is locked by another process: wait for it to finish or stop it, then try again',
  8: 'cannot be written: give the user that runs Tapedeck write access to the file and to its folder',
  10: 'could not be read or written, the disk reports an error: check the disk and its free space, then start again',
  11: 'is damaged: keep it for examination and restore the last backup',
  13: 'cannot grow, the disk is full: make room and start again; what was recorded before is whole',
  14: 'cannot be opened: check that it is a file, that its folder exists and that both can be written',
  26: 'is not a SQLite database: move it away or name another file',
};

function isSqliteFailure(error: unknown): error is SqliteFailure {
  return error instanceof Error && typeof (error as Partial<SqliteFailure>).errcode === 'number';
}

/** Extended result codes carry the primary one in their low byte. */
function primaryCode(error: unknown): number | undefined {
  return isSqliteFailure(error) ? error.errcode & 0xff : undefined;
}

export function isBusy(error: unknown): boolean {
  return primaryCode(error) === BUSY;
}

function isLocked(error: unknown): boolean {
  return isBusy(error) || primaryCode(error) === LOCKED;
}

/**
 * A StoreError in plain words for what the machine refused, a StoreUnavailableError for a lock, which its holder lets go
 * when it goes on or ends; our own bugs are handed back as they are.
 */
export function explainFailure(error: unknown, what: string, file: string): unknown {
  const advice = ADVICE[primaryCode(error) ?? -1];
  if (advice === undefined) return error;
  const message = `the ${what} ${file} ${advice} (SQLite: ${(error as Error).message})`;
  if (!isLocked(error)) return new StoreError(message, { cause: error });
  return new StoreUnavailableError(what === 'tape' ? 'event store' : 'read store', message, { cause: error });
}

/**
 * Opens the file, making it and its folder where they are absent, and brings its schema up to date. Processes may do
 * so at once: opening waits while another one holds the file. Throws StoreError for what a person has to mend, and
 * StoreUnavailableError when another process holds it for too long.
 */
export async function openSqliteFile(name: string, kind: SqliteFileKind, time: Time): Promise<DatabaseSync> {
  const file = resolve(name);
  makeFolder(file, kind.what);
  if (existsSync(file)) assertWritable(file, kind.what);
  return openPatiently(file, kind, time, openToWrite);
}

/** Opens a file that is there, and of this version, for reading only. Throws StoreError as `openSqliteFile` does. */
export async function openSqliteFileToRead(name: string, kind: SqliteFileKind, time: Time): Promise<DatabaseSync> {
  return openPatiently(resolve(name), kind, time, openToRead);
}

async function openPatiently(file: string, kind: SqliteFileKind, time: Time, open: typeof openToWrite): Promise<DatabaseSync> {
  const deadline = time.monotonic() + LOCK_WAIT_MS;
  for (;;) {
    try {
      return open(file, kind);
    } catch (error) {
      if (!isBusy(error) || time.monotonic() > deadline) throw explainFailure(error, kind.what, file);
    }
    await pause(time, PAUSE_MS);
  }
}

/**
 * Returns a check that the file, open now, still lies at its place. The system lets a process go on writing to a file
 * that was deleted, and everything written to it is lost: the check throws StoreError instead.
 */
export function makePlaceGuard(name: string, what: string): () => void {
  const file = resolve(name);
  const opened = statSync(file, { bigint: true });
  return () => {
    const there = statSync(file, { bigint: true, throwIfNoEntry: false });
    if (there?.ino === opened.ino && there.dev === opened.dev) return;
    throw new StoreError(
      `the ${what} ${file} was removed or replaced while it was in use, and what is written now would be lost: put it back and start again`,
    );
  };
}

function makeFolder(file: string, what: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StoreError(
      `the folder ${dirname(file)} of the ${what} cannot be made (${(error as Error).message}): name another folder or make it writable`,
      { cause: error },
    );
  }
}

/** SQLite opens a file that it may not write for reading only, and says so at the first write: too late. */
function assertWritable(file: string, what: string): void {
  try {
    accessSync(file, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw new StoreError(`the ${what} ${file} ${ADVICE[8]} (${(error as Error).message})`, { cause: error });
  }
}

/** Bits of a mode by which others than the owner may do anything. */
const OTHERS = 0o077;

/** The file and those beside it are for their owner alone: an older build left them for everybody to read. */
function keepToOwner(file: string): void {
  const user = process.geteuid?.();
  for (const path of [file, `${file}-wal`, `${file}-shm`]) {
    const there = statSync(path, { throwIfNoEntry: false });
    // What is somebody else's is theirs to decide on.
    if (there !== undefined && there.uid === user && (there.mode & OTHERS) !== 0) chmodSync(path, there.mode & ~OTHERS);
  }
}

/** Each connection's own; nothing of it is kept in the file. */
const CACHES = 'PRAGMA cache_size = -65536; PRAGMA temp_store = memory';

function openToWrite(file: string, kind: SqliteFileKind): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: BLOCKING_WAIT_MS });
  return closedOnFailure(db, () => {
    assertOurs(db, file, kind);
    db.exec('PRAGMA journal_mode = WAL');
    db.exec(`PRAGMA synchronous = ${kind.synchronous}; ${CACHES}`);
    db.exec(`PRAGMA wal_autocheckpoint = ${LONG_LOG_PAGES}`);
    if (pragma(db, 'user_version') < kind.migrations.length) migrate(db, file, kind);
    if (kind.guard !== undefined && !hasTrigger(db, kind.guard.trigger)) db.exec(kind.guard.sql);
    keepToOwner(file);
  });
}

function openToRead(file: string, kind: SqliteFileKind): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: BLOCKING_WAIT_MS, readOnly: true });
  return closedOnFailure(db, () => {
    assertOurs(db, file, kind);
    db.exec(CACHES);
    if (pragma(db, 'user_version') === kind.migrations.length) return;
    throw new StoreError(`the ${kind.what} ${file} is of an older version: open it once to write, and it is brought up to date`);
  });
}

function closedOnFailure(db: DatabaseSync, prepare: () => void): DatabaseSync {
  try {
    prepare();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function pragma(db: DatabaseSync, name: string): number {
  return (db.prepare(`PRAGMA ${name}`).get() as Record<string, number>)[name] as number;
}

function assertOurs(db: DatabaseSync, file: string, kind: SqliteFileKind): void {
  const isEmpty = db.prepare('SELECT 1 FROM sqlite_master LIMIT 1').get() === undefined;
  if (pragma(db, 'application_id') !== kind.applicationId && !isEmpty) {
    throw new StoreError(`${file} is not a ${kind.what} of Tapedeck but another program's or part's database: name another file`);
  }
  const version = pragma(db, 'user_version');
  if (version > kind.migrations.length) {
    throw new StoreError(
      `the ${kind.what} ${file} has version ${version} and this build knows versions up to ${kind.migrations.length}: run the newer build, or name another file`,
    );
  }
}

function hasTrigger(db: DatabaseSync, name: string): boolean {
  return db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = ?").get(name) !== undefined;
}

/** All steps in one transaction, so that a file is never between two versions. */
function migrate(db: DatabaseSync, file: string, kind: SqliteFileKind): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    // Another process may have been first: look again, now that nobody else can write.
    assertOurs(db, file, kind);
    for (const step of kind.migrations.slice(pragma(db, 'user_version'))) db.exec(step);
    db.exec(`PRAGMA application_id = ${kind.applicationId}; PRAGMA user_version = ${kind.migrations.length}`);
    db.exec('COMMIT');
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/**
 * Takes the write lock, runs `work` and commits, or rolls back when it throws: all without a wait, so that nothing else of
 * this process comes in between. Waits for other processes up to `waitMs` without blocking this one; then throws
 * SQLite's BUSY failure. Durable as the file's kind says.
 */
export async function writeTransaction<T>(db: DatabaseSync, time: Time, waitMs: number, work: () => T): Promise<T> {
  const deadline = time.monotonic() + waitMs;
  for (;;) {
    try {
      db.exec('BEGIN IMMEDIATE');
      break;
    } catch (error) {
      if (!isBusy(error) || time.monotonic() > deadline) throw error;
    }
    await pause(time, PAUSE_MS);
  }
  // Nothing is awaited from here on: another writer of this process would begin within this transaction.
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk ends the transaction by itself.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** Runs a read. In the rare moments when SQLite lets nobody read (recovery after a crash), waits up to a second. */
export function readPatiently<T>(db: DatabaseSync, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isBusy(error)) throw error;
  }
  db.exec('PRAGMA busy_timeout = 1000');
  try {
    return read();
  } finally {
    db.exec(`PRAGMA busy_timeout = ${BLOCKING_WAIT_MS}`);
  }
}
