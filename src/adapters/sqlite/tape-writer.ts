/**
 * Appends to the tape within an open write transaction. It knows the tape's end and the last revisions of streams, for
 * as long as no other connection has committed.
 */

import type { DatabaseSync } from 'node:sqlite';
import { isoTime } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Appended, CommitHook, ExpectedRevision, TapeSection } from '../../ports/event-store.ts';
import { asExpected, judgeAppend, NO_REVISION, type SerializedEvent, serializeEvents } from '../rules/append-rules.ts';
import { runSection } from '../rules/section.ts';
import type { StoredRows } from './stored-rows.ts';

/** Last revisions that are remembered. */
const MAX_HEADS = 100_000;

/** All of it within a write transaction, which begins with `refresh`. */
export class TapeWriter {
  readonly #db: DatabaseSync;
  readonly #rows: StoredRows;
  readonly #clock: Clock;
  /** Last revisions of streams. */
  readonly #heads = new Map<string, number>();
  /** The `data_version` that what is known is true for; undefined when nothing is. */
  #version: number | undefined;
  #position = 0;
  #recordedAt = '';

  constructor(db: DatabaseSync, rows: StoredRows, clock: Clock) {
    this.#db = db;
    this.#rows = rows;
    this.#clock = clock;
  }

  /** Position of the last event, those of this transaction included; 0 for none. */
  get position(): number {
    return this.#position;
  }

  /** Forgets what it knew when another connection has committed since. */
  refresh(): void {
    const version = this.#rows.dataVersion();
    if (version === this.#version) return;
    this.#version = version;
    this.#heads.clear();
    const last = this.#rows.last();
    this.#position = last.position;
    this.#recordedAt = last.recordedAt;
  }

  /** The transaction was rolled back: what is known of it is wrong. */
  forget(): void {
    this.#version = undefined;
  }

  /** As `EventStore.append`: a refusal has written nothing, any other error maybe half of it. */
  append(stream: string, expected: ExpectedRevision, events: readonly SerializedEvent[]): Appended {
    const last = this.#lastRevision(stream);
    const there = judgeAppend(stream, expected, events, last, (revision) => this.#rows.idAt(stream, revision));
    if (there !== undefined) {
      const position = this.#rows.positionAt(stream, there.lastRevision) as number;
      return { revision: there.lastRevision, position: String(position), isRepeated: true };
    }
    const now = isoTime(this.#clock.now());
    if (now > this.#recordedAt) this.#recordedAt = now;
    let revision = last;
    for (const event of events) {
      revision += 1;
      this.#position += 1;
      this.#rows.insert(this.#position, stream, revision, event, this.#recordedAt);
    }
    this.#heads.set(stream, revision);
    return { revision, position: String(this.#position), isRepeated: false };
  }

  /** Runs the work of an exclusive section. */
  section<T>(work: (section: TapeSection) => T): T {
    const rows = this.#rows;
    const tape: TapeSection = {
      append: (stream, expected, events) => this.append(stream, expected, serializeEvents(stream, events)),
      read: (query) => rows.read(query),
      revisionOf: (stream) => asExpected(this.#lastRevision(stream)),
      at: (stream, revision) => rows.at(stream, revision),
      find: (stream, id) => rows.find(stream, id),
    };
    return runSection(tape, work);
  }

  /** Runs a commit hook in a savepoint: false where it failed and was undone alone. Throws where that cannot be undone alone. */
  runHook(hook: CommitHook): boolean {
    const [position, recordedAt] = [this.#position, this.#recordedAt];
    this.#db.exec('SAVEPOINT hook');
    try {
      this.section((section) => hook.within(section));
      this.#db.exec('RELEASE hook');
      return true;
    } catch (error) {
      hook.undone(error);
      // Throws where a full disk has ended the whole transaction.
      this.#db.exec('ROLLBACK TO hook');
      this.#db.exec('RELEASE hook');
      this.#heads.clear();
      [this.#position, this.#recordedAt] = [position, recordedAt];
      return false;
    }
  }

  #lastRevision(stream: string): number {
    const known = this.#heads.get(stream);
    if (known !== undefined) return known;
    if (this.#heads.size >= MAX_HEADS) this.#heads.clear();
    const last = this.#rows.lastRevision(stream);
    if (last !== NO_REVISION) this.#heads.set(stream, last);
    return last;
  }
}
