/**
 * SQL for reading the tape. Each statement names the index that leads it, because SQLite without statistics guesses
 * wrong: what leads hands out its events in tape order, so a page costs its own length, wherever on the tape it is.
 */

import type { ReadQuery } from '../../ports/event-store.ts';

export interface Statement {
  readonly sql: string;
  readonly parameters: readonly (string | number)[];
}

/** What leads: `time` sorts what it finds, and is meant for stretches of time that hold few events. */
export type Lead = 'stream' | 'id' | 'correlation' | 'time' | 'types' | 'categories' | 'position';

/** Where a page begins: a revision of the stream when that leads, else a position; exclusive. */
export interface PageStart {
  readonly after: number | undefined;
}

export const COLUMNS = 'position, id, stream, revision, type, schema_version, data, metadata, recorded_at';

/** After every other one. */
const LAST_CHARACTER = '\u{10ffff}';

const INDEX: Readonly<Record<Lead, string>> = {
  stream: 'INDEXED BY events_by_stream',
  id: 'INDEXED BY events_by_id',
  correlation: 'INDEXED BY events_by_correlation',
  time: 'INDEXED BY events_by_time',
  types: 'INDEXED BY events_by_type',
  categories: 'INDEXED BY events_by_category',
  position: 'NOT INDEXED',
};

/** What the tape says of a query; asked only where it matters. */
export interface Stretch {
  /** Few events follow where it begins: they are read as they lie, and filtered. */
  readonly isNearEnd: () => boolean;
  /** Its stretch of time holds few events. */
  readonly isShortTime: () => boolean;
}

/** The most selective filter leads. */
export function chooseLead(query: ReadQuery, { isNearEnd, isShortTime }: Stretch): Lead {
  if (query.after !== undefined && !query.isBackward && isNearEnd()) return 'position';
  if (query.stream !== undefined) return 'stream';
  if (query.idBeginning !== undefined) return 'id';
  if (query.correlationId !== undefined) return 'correlation';
  if ((query.from !== undefined || query.to !== undefined) && isShortTime()) return 'time';
  if (query.types !== undefined) return 'types';
  if (query.categories !== undefined) return 'categories';
  return 'position';
}

/** The statement of one page. */
export function readStatement(query: ReadQuery, lead: Lead, start: PageStart): Statement {
  const order = `${lead === 'stream' ? 'revision' : 'position'} ${query.isBackward ? 'DESC' : 'ASC'}`;
  const parameters: (string | number)[] = [];
  // One branch per value that leads: SQLite merges branches that are in order, and stops at the limit.
  const branches = leadingValues(query, lead).map((value) => branch(query, lead, start, value, parameters));
  parameters.push(query.limit);
  return { sql: `${branches.join(' UNION ALL ')} ORDER BY ${order} LIMIT ?`, parameters };
}

function leadingValues(query: ReadQuery, lead: Lead): readonly (string | undefined)[] {
  if (lead === 'types') return [...new Set(query.types)];
  if (lead === 'categories') return [...new Set(query.categories)];
  return [undefined];
}

function branch(
  query: ReadQuery,
  lead: Lead,
  start: PageStart,
  value: string | undefined,
  parameters: (string | number)[],
): string {
  const conditions: string[] = [];
  const where = (condition: string, ...values: readonly (string | number)[]): void => {
    conditions.push(condition);
    parameters.push(...values);
  };
  const oneOf = (column: string, names: readonly string[]): void =>
    where(names.length === 0 ? 'FALSE' : `${column} IN (${names.map(() => '?').join(', ')})`, ...names);

  if (query.stream !== undefined) where('stream = ?', query.stream);
  if (query.idBeginning !== undefined) where('id >= ? AND id < ?', query.idBeginning, `${query.idBeginning}${LAST_CHARACTER}`);
  if (query.correlationId !== undefined) where('correlation_id = ?', query.correlationId);
  if (lead === 'types' && value !== undefined) where('type = ?', value);
  else if (query.types !== undefined) oneOf('type', query.types);
  if (lead === 'categories' && value !== undefined) where('category = ?', value);
  else if (query.categories !== undefined) oneOf('category', query.categories);
  if (query.from !== undefined) where('occurred_at >= ?', query.from);
  if (query.to !== undefined) where('occurred_at < ?', query.to);
  if (start.after !== undefined) {
    where(`${lead === 'stream' ? 'revision' : 'position'} ${query.isBackward ? '<' : '>'} ?`, start.after);
  }
  const filter = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  return `SELECT ${COLUMNS} FROM events ${INDEX[lead]}${filter}`;
}

/** Does nothing fit, whatever is on the tape? */
export function asksForNothing(query: ReadQuery): boolean {
  return query.limit === 0 || query.types?.length === 0 || query.categories?.length === 0;
}
