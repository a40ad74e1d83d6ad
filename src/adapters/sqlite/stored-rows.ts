/** The tape's table: writing rows, and reading them back as events. Everything here is synchronous. */

import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { Metadata } from '../../domain/event.ts';
import { categoryOf } from '../../domain/streams.ts';
import type { ReadQuery } from '../../ports/event-store.ts';
import { damagedAt } from '../../tape/damage.ts';
import { type RecordedEvent, readEvent } from '../../tape/envelope.ts';
import { NO_REVISION, positionNumber, type SerializedEvent } from '../rules/append-rules.ts';
import { asksForNothing, COLUMNS, chooseLead, readStatement } from './read-sql.ts';

/** A row as an array, in the order of COLUMNS. */
type Row = [number, string, string, number, string, number, string, string, string];

/** A stretch of time with no more events than this is read by its index and sorted. */
const SHORT_TIME_EVENTS = 10_000;
/** So few events are read as they lie: looking each filter up in its index takes longer. */
const FEW_EVENTS = 100;
/** Prepared texts that are kept; queries have few shapes. */
const MAX_PREPARED = 200;

export class StoredRows {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();
  readonly #insert: StatementSync;
  readonly #last: StatementSync;
  readonly #lastRevision: StatementSync;
  readonly #idAt: StatementSync;
  readonly #positionAt: StatementSync;
  readonly #at: StatementSync;
  readonly #find: StatementSync;
  readonly #byId: StatementSync;
  readonly #dataVersion: StatementSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#insert = db.prepare(
      `INSERT INTO events (position, id, stream, category, revision, type, schema_version, data, metadata, occurred_at,
        correlation_id, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#last = this.#rows('SELECT position, recorded_at FROM events ORDER BY position DESC LIMIT 1');
    this.#lastRevision = this.#rows('SELECT revision FROM events WHERE stream = ? ORDER BY revision DESC LIMIT 1');
    this.#idAt = this.#rows('SELECT id FROM events WHERE stream = ? AND revision = ?');
    this.#positionAt = this.#rows('SELECT position FROM events WHERE stream = ? AND revision = ?');
    this.#at = this.#rows(`SELECT ${COLUMNS} FROM events WHERE stream = ? AND revision = ?`);
    const byId = `SELECT ${COLUMNS} FROM events INDEXED BY events_by_id WHERE id = ?`;
    this.#find = this.#rows(`${byId} AND stream = ? ORDER BY position LIMIT 1`);
    this.#byId = this.#rows(`${byId} ORDER BY position LIMIT 1`);
    this.#dataVersion = this.#rows('PRAGMA data_version');
  }

  /** Another value than last time: another connection has committed. */
  dataVersion(): number {
    return (this.#dataVersion.get() as unknown as [number])[0];
  }

  /** Writes one event. */
  insert(position: number, stream: string, revision: number, event: SerializedEvent, recordedAt: string): void {
    this.#insert.run(
      position,
      event.id,
      stream,
      categoryOf(stream),
      revision,
      event.type,
      event.schemaVersion,
      event.data,
      event.metadata,
      event.occurredAt,
      event.correlationId,
      recordedAt,
    );
  }

  /** Position and time of the last event; 0 and an empty time for none. */
  last(): { readonly position: number; readonly recordedAt: string } {
    const row = this.#last.get() as [number, string] | undefined;
    return row === undefined ? { position: 0, recordedAt: '' } : { position: row[0], recordedAt: row[1] };
  }

  lastRevision(stream: string): number {
    return (this.#lastRevision.get(stream) as [number] | undefined)?.[0] ?? NO_REVISION;
  }

  idAt(stream: string, revision: number): string | undefined {
    return (this.#idAt.get(stream, revision) as [string] | undefined)?.[0];
  }

  positionAt(stream: string, revision: number): number | undefined {
    return (this.#positionAt.get(stream, revision) as [number] | undefined)?.[0];
  }

  at(stream: string, revision: number): RecordedEvent | undefined {
    return asEvent(this.#at.get(stream, revision));
  }

  find(stream: string, id: string): RecordedEvent | undefined {
    return asEvent(this.#find.get(id, stream));
  }

  byId(id: string): RecordedEvent | undefined {
    return asEvent(this.#byId.get(id));
  }

  /** One page of a query. Throws RangeError for a limit or a position that is none. */
  read(query: ReadQuery): RecordedEvent[] {
    if (!Number.isSafeInteger(query.limit) || query.limit < 0) throw new RangeError(`${query.limit} is not a limit`);
    const after = query.after === undefined ? undefined : positionNumber(query.after);
    if (asksForNothing(query)) return [];
    const lead = chooseLead(query, {
      isNearEnd: () => this.last().position - (after ?? 0) <= FEW_EVENTS,
      isShortTime: () => this.#isShortTime(query),
    });
    const start = lead === 'stream' && after !== undefined ? this.#revisionAround(query, after) : after;
    const { sql, parameters } = readStatement(query, lead, { after: start });
    return (this.#prepare(sql).all(...(parameters as SQLInputValue[])) as unknown as Row[]).map(toEvent);
  }

  #isShortTime(query: ReadQuery): boolean {
    const bounds = [query.from, query.to].filter((bound) => bound !== undefined);
    const conditions = [query.from && 'occurred_at >= ?', query.to && 'occurred_at < ?'].filter((text) => text !== undefined);
    const sql = `SELECT count(*) FROM (SELECT 1 FROM events INDEXED BY events_by_time WHERE ${conditions.join(' AND ')} LIMIT ?)`;
    const [count] = this.#prepare(sql).get(...bounds, SHORT_TIME_EVENTS + 1) as unknown as [number];
    return count <= SHORT_TIME_EVENTS;
  }

  /**
   * A position as a revision of the query's stream: the last one at or before it (forward), or the first one at or
   * after it (backward). Revisions have no gaps and rise with positions, so a binary search finds it.
   */
  #revisionAround(query: ReadQuery, position: number): number {
    const stream = query.stream as string;
    let low = 0;
    let high = this.lastRevision(stream) + 1;
    // Most ask for what came behind the last one, so that is looked at first.
    for (let middle = high - 1; low < high; middle = Math.floor((low + high) / 2)) {
      const found = this.positionAt(stream, middle) as number;
      if (query.isBackward ? found < position : found <= position) low = middle + 1;
      else high = middle;
    }
    return query.isBackward ? low : low - 1;
  }

  #prepare(sql: string): StatementSync {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    if (this.#prepared.size >= MAX_PREPARED) this.#prepared.clear();
    const statement = this.#rows(sql);
    this.#prepared.set(sql, statement);
    return statement;
  }

  /** Rows as arrays: no object with names is made for each. */
  #rows(sql: string): StatementSync {
    const statement = this.#db.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  }
}

function asEvent(row: unknown): RecordedEvent | undefined {
  return row === undefined ? undefined : toEvent(row as Row);
}

function toEvent([position, id, stream, revision, type, schemaVersion, data, metadata, recordedAt]: Row): RecordedEvent {
  const place = { position: String(position), stream, revision };
  return readEvent({
    id,
    ...place,
    type,
    schemaVersion,
    data: parsed(data, place) as Record<string, unknown>,
    metadata: parsed(metadata, place) as Metadata,
    recordedAt,
  });
}

function parsed(text: string, place: Parameters<typeof damagedAt>[0]): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {}
  throw damagedAt(place, 'it is not JSON');
}
