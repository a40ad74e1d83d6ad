/**
 * Read models in one SQLite file: a table for each collection, documents as JSON. The file is never the only place
 * where something is known, so its newest commits may be lost in a power cut: they are made again from the tape.
 */

import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { Time } from '../../ports/clock.ts';
import { StoreError } from '../../ports/errors.ts';
import { assertCollectionName, assertDefinition, assertQuery } from '../../ports/find-rules.ts';
import type {
  CollectionDefinition,
  DocumentWrite,
  FieldValue,
  FindQuery,
  FoundDocument,
  FoundText,
  ReadDocument,
  ReadStore,
  ShownText,
} from '../../ports/read-store.ts';
import { START } from '../../tape/envelope.ts';
import { shownText } from '../rules/shown-text.ts';
import { SqliteCheckpoint } from './checkpoint.ts';
import {
  explainFailure,
  LOCK_WAIT_MS,
  openSqliteFile,
  openSqliteFileToRead,
  readPatiently,
  type SqliteFileKind,
  writeTransaction,
} from './file.ts';
import { findStatements, indexStatement, tableOf } from './find-sql.ts';

const READ_STORE_FILE: SqliteFileKind = {
  what: 'read store',
  applicationId: 0x54504b52, // "TPKR"
  synchronous: 'normal',
  migrations: ['CREATE TABLE checkpoints (projection TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID'],
};

/** Prepared texts that are kept; queries have few shapes. */
const MAX_PREPARED = 200;
/** Texts that are kept: some megabytes. */
const MAX_KEPT_ROWS = 5_000;

/** Key, document and the value that was sorted by. */
type Found = [string, string, FieldValue];

/** Opens the read store in a file, making it where it is absent. Throws StoreError for what a person has to mend. */
export async function openSqliteReadStore(file: string, time: Time): Promise<ReadStore> {
  return new SqliteReadStore(await openSqliteFile(file, READ_STORE_FILE, time), file, time);
}

/** Opens the read store in a file that is there, for reading only: every write fails. */
export async function openSqliteReadStoreToRead(file: string, time: Time): Promise<ReadStore> {
  return new SqliteReadStore(await openSqliteFileToRead(file, READ_STORE_FILE, time), file, time);
}

class SqliteReadStore implements ReadStore {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #time: Time;
  readonly #checkpoint: SqliteCheckpoint;
  readonly #prepared = new Map<string, StatementSync>();

  /** Texts by what was asked for, as they are as long as nobody commits: busy clients ask for few, again and again. */
  readonly #keptTexts = new Map<string, readonly FoundText[]>();
  #textsVersion: number | undefined;
  #hasLookedInThisLoop = false;
  #keptRows = 0;
  readonly #dataVersion: StatementSync;

  constructor(db: DatabaseSync, file: string, time: Time) {
    this.#db = db;
    this.#file = file;
    this.#time = time;
    this.#checkpoint = new SqliteCheckpoint(file);
    this.#dataVersion = this.#statement('PRAGMA data_version');
  }

  async prepare(collections: readonly CollectionDefinition[]): Promise<void> {
    for (const definition of collections) assertDefinition(definition);
    await this.#writing(() => {
      for (const { name, indexes } of collections) {
        this.#db.exec(
          `CREATE TABLE IF NOT EXISTS ${tableOf(name)} (key TEXT NOT NULL UNIQUE, position INTEGER NOT NULL, document TEXT NOT NULL) STRICT`,
        );
        for (const fields of indexes) this.#db.exec(indexStatement(name, fields));
      }
    });
  }

  async load(collection: string, keys: readonly string[]): Promise<ReadonlyMap<string, ReadDocument>> {
    assertCollectionName(collection);
    const sql = `SELECT key, document FROM ${tableOf(collection)} WHERE key IN (SELECT value FROM json_each(?))`;
    const rows = this.#reading(() => this.#statement(sql).all(JSON.stringify(keys)) as unknown as [string, string][]);
    return new Map(rows.map(([key, document]) => [key, this.#parsed(document, collection, key)]));
  }

  async loadText(collection: string, key: string): Promise<ShownText | undefined> {
    assertCollectionName(collection);
    const [found] = this.#texts(`${collection}/${key}`, () => {
      const sql = `SELECT key, document, NULL FROM ${tableOf(collection)} WHERE key = ?`;
      return this.#statement(sql).all(key) as unknown as Found[];
    });
    return found;
  }

  async commit(projection: string, writes: readonly DocumentWrite[], position: string): Promise<ReadonlySet<string>> {
    const written = await this.#writing(() => {
      const written = new Set<string>();
      for (const write of writes) {
        if (this.#put(write)) written.add(`${write.collection}/${write.key}`);
      }
      this.#statement(
        `INSERT INTO checkpoints (projection, position) VALUES (?, ?)
         ON CONFLICT DO UPDATE SET position = excluded.position WHERE excluded.position > position`,
      ).run(projection, BigInt(position));
      return written;
    });
    this.#checkpoint.noteWritten(written.size + 1);
    return written;
  }

  async checkpoint(projection: string): Promise<string> {
    // A reader that knows how far the documents are must not be shown older ones.
    this.#hasLookedInThisLoop = false;
    const sql = 'SELECT CAST(position AS TEXT) FROM checkpoints WHERE projection = ?';
    const row = this.#reading(() => this.#statement(sql).get(projection) as [string] | undefined);
    return row?.[0] ?? START;
  }

  async find(query: FindQuery): Promise<FoundDocument[]> {
    assertQuery(query);
    const rows = this.#reading(() => this.#page(query));
    return rows.map(([key, document]) => ({ key, document: this.#parsed(document, query.collection, key) }));
  }

  async findTexts(query: FindQuery): Promise<readonly FoundText[]> {
    assertQuery(query);
    return this.#texts(JSON.stringify(query), () => this.#page(query));
  }

  async drop(projection: string, collections: readonly string[]): Promise<void> {
    for (const name of collections) assertCollectionName(name);
    await this.#writing(() => {
      for (const name of collections) this.#db.exec(`DROP TABLE IF EXISTS ${tableOf(name)}`);
      this.#statement('DELETE FROM checkpoints WHERE projection = ?').run(projection);
    });
  }

  async close(): Promise<void> {
    await this.#checkpoint.close();
    if (this.#db.isOpen) this.#db.close();
  }

  /** The texts of what `find` finds, or those that it found since the last commit. */
  #texts(name: string, find: () => readonly Found[]): readonly FoundText[] {
    return this.#reading(() => {
      if (!this.#hasLookedInThisLoop) this.#lookForCommits();
      const known = this.#keptTexts.get(name);
      if (known !== undefined) return known;
      const texts = find().map(([key, document, value]) => ({ key, value, ...shownText(document) }));
      this.#keptRows += texts.length;
      if (this.#keptRows > MAX_KEPT_ROWS) this.#forgetTexts();
      else if (texts.length > 0) this.#keptTexts.set(name, texts);
      return texts;
    });
  }

  /** Once a loop of events is enough: it takes as long as all the rest, and the readers of this loop asked before it. */
  #lookForCommits(): void {
    const [version] = this.#dataVersion.get() as unknown as [number];
    if (version !== this.#textsVersion) this.#forgetTexts();
    this.#textsVersion = version;
    this.#hasLookedInThisLoop = true;
    void this.#time.nextLoop().then(() => {
      this.#hasLookedInThisLoop = false;
    });
  }

  #forgetTexts(): void {
    this.#keptTexts.clear();
    this.#keptRows = 0;
  }

  /** Writes a document unless one of the same or a higher position is there. */
  #put({ collection, key, document }: DocumentWrite): boolean {
    assertCollectionName(collection);
    const table = tableOf(collection);
    const { changes } = this.#statement(
      `INSERT INTO ${table} (key, position, document) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET position = excluded.position, document = excluded.document WHERE excluded.position > position`,
    ).run(key, BigInt(document._position), JSON.stringify(document));
    return Number(changes) > 0;
  }

  /** The parts of a page, read from one state of the file. */
  #page(query: FindQuery): Found[] {
    const statements = findStatements(query);
    const [only] = statements;
    if (only !== undefined && statements.length === 1)
      return this.#statement(only.sql).all(...only.parameters) as unknown as Found[];
    const rows: Found[] = [];
    this.#db.exec('BEGIN');
    try {
      for (const { sql, parameters } of statements) {
        const rest = query.limit - rows.length;
        if (rest <= 0) break;
        const values = [...parameters.slice(0, -1), rest] as SQLInputValue[];
        rows.push(...(this.#statement(sql).all(...values) as unknown as Found[]));
      }
    } finally {
      if (this.#db.isTransaction) this.#db.exec('COMMIT');
    }
    return rows;
  }

  #parsed(text: string, collection: string, key: string): ReadDocument {
    try {
      return JSON.parse(text) as ReadDocument;
    } catch (error) {
      throw new StoreError(
        `the read store ${this.#file} is damaged at "${key}" of ${collection}: remove the file and start again, it is made from the tape`,
        { cause: error },
      );
    }
  }

  #statement(sql: string): StatementSync {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    if (this.#prepared.size >= MAX_PREPARED) this.#prepared.clear();
    const statement = this.#db.prepare(sql);
    statement.setReturnArrays(true);
    this.#prepared.set(sql, statement);
    return statement;
  }

  #reading<T>(read: () => T): T {
    this.#assertOpen();
    try {
      return readPatiently(this.#db, read);
    } catch (error) {
      throw this.#exitCodeOf(error);
    }
  }

  async #writing<T>(work: () => T): Promise<T> {
    this.#assertOpen();
    try {
      return await writeTransaction(this.#db, this.#time, LOCK_WAIT_MS, () => {
        // The version tells of other connections' commits only.
        this.#forgetTexts();
        return work();
      });
    } catch (error) {
      throw this.#exitCodeOf(error);
    }
  }

  #exitCodeOf(error: unknown): unknown {
    const missing = error instanceof Error ? /^no such table: c:(.+)$/.exec(error.message)?.[1] : undefined;
    if (missing !== undefined) return new Error(`the collection "${missing}" was not prepared`, { cause: error });
    return explainFailure(error, 'read store', this.#file);
  }

  #assertOpen(): void {
    if (!this.#db.isOpen) throw new StoreError(`the read store ${this.#file} is closed`);
  }
}
