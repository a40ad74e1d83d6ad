/**
 * Leases in a SQLite file of their own, for instances on one machine: apart from the read models, so that to raise a lease
 * never waits for a batch of documents. Deleting it costs the time of one lease, not truth.
 */

import type { DatabaseSync } from 'node:sqlite';
import type { Time } from '../../ports/clock.ts';
import { StoreError } from '../../ports/errors.ts';
import type { LeaseRecord, Leases } from '../../ports/leases.ts';
import { assertLeaseName } from '../rules/lease-rules.ts';
import { explainFailure, openSqliteFile, readPatiently, type SqliteFileKind, writeTransaction } from './file.ts';

const LEASES_FILE: SqliteFileKind = {
  what: 'file of the leases',
  applicationId: 0x54504b4c, // "TPKL"
  synchronous: 'normal',
  migrations: [
    `CREATE TABLE leases (
       name TEXT PRIMARY KEY, owner TEXT, holder TEXT NOT NULL, epoch INTEGER NOT NULL, counter INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID`,
  ],
};

/** A lease that cannot be raised for this long is as good as lost. */
const LOCK_WAIT_MS = 2_000;

type Row = LeaseRecord & { readonly name: string };

/** Opens the leases in a file, making it where it is absent. Throws StoreError for what a person has to mend. */
export async function openSqliteLeases(file: string, time: Time): Promise<Leases> {
  return new SqliteLeases(await openSqliteFile(file, LEASES_FILE, time), file, time);
}

class SqliteLeases implements Leases {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #time: Time;

  constructor(db: DatabaseSync, file: string, time: Time) {
    this.#db = db;
    this.#file = file;
    this.#time = time;
  }

  async read(): Promise<ReadonlyMap<string, LeaseRecord>> {
    this.#assertOpen();
    const sql = 'SELECT name, owner, holder, epoch, counter FROM leases ORDER BY name';
    const rows = this.#explaining(() => readPatiently(this.#db, () => this.#db.prepare(sql).all() as unknown as Row[]));
    return new Map(rows.map(({ name, owner, holder, epoch, counter }) => [name, { owner, holder, epoch, counter }]));
  }

  async compareAndSet(name: string, seen: number | null, { owner, holder, epoch, counter }: LeaseRecord): Promise<boolean> {
    assertLeaseName(name);
    this.#assertOpen();
    const write = (): boolean => {
      const { changes } =
        seen === null
          ? this.#db
              .prepare('INSERT INTO leases (name, owner, holder, epoch, counter) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING')
              .run(name, owner, holder, epoch, counter)
          : this.#db
              .prepare('UPDATE leases SET owner = ?, holder = ?, epoch = ?, counter = ? WHERE name = ? AND counter = ?')
              .run(owner, holder, epoch, counter, name, seen);
      return Number(changes) === 1;
    };
    try {
      return await writeTransaction(this.#db, this.#time, LOCK_WAIT_MS, write);
    } catch (error) {
      throw explainFailure(error, LEASES_FILE.what, this.#file);
    }
  }

  async close(): Promise<void> {
    if (this.#db.isOpen) this.#db.close();
  }

  #explaining<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw explainFailure(error, LEASES_FILE.what, this.#file);
    }
  }

  #assertOpen(): void {
    if (!this.#db.isOpen) throw new StoreError(`the ${LEASES_FILE.what} ${this.#file} is closed`);
  }
}
