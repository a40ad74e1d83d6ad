/** SQL for finding documents. Fields are `json_extract` expressions, which are what the indexes are made of. */

import { wantedValues } from '../../ports/find-rules.ts';
import type { FieldValue, FindQuery } from '../../ports/read-store.ts';

export interface Statement {
  readonly sql: string;
  readonly parameters: readonly FieldValue[];
}

/** A condition and its values. */
interface Condition {
  readonly sql: string;
  readonly parameters: readonly FieldValue[];
}

/** Branches that a query with lists is split into at most; each is in order by itself, and SQLite merges them. */
const MAX_BRANCHES = 16;

export function tableOf(collection: string): string {
  return `"c:${collection}"`;
}

export function fieldOf(name: string): string {
  return `json_extract(document, '$.${name}')`;
}

/** Makes an index over fields, with the key at its end for the total order. */
export function indexStatement(collection: string, fields: readonly string[]): string {
  const columns = [...fields.map(fieldOf), 'key'].join(', ');
  return `CREATE INDEX IF NOT EXISTS "i:${collection}:${fields.join(',')}" ON ${tableOf(collection)} (${columns})`;
}

/**
 * The statements of one page: their rows, one after the other, up to the limit, are the answer. With a cursor there
 * are several, each led by an index: the rest of the documents with the cursor's value, then those beyond it.
 */
export function findStatements(query: FindQuery): Statement[] {
  if (Object.values(query.equal ?? {}).some((wanted) => wantedValues(wanted).length === 0)) return [];
  return beyondCursor(query).map((condition) => pageStatement(query, condition));
}

/** One part of what lies beyond the cursor. */
interface Part {
  readonly conditions: readonly Condition[];
  /** All of one value: their keys alone are their order, and an index on the field has them in it. */
  readonly isOneValue: boolean;
}

/** The parts of what lies beyond the cursor, in the query's order. */
function beyondCursor({ sort, after }: FindQuery): Part[] {
  if (after === undefined) return [{ conditions: [], isOneValue: false }];
  const field = fieldOf(sort.field);
  const beyond = sort.isDescending ? '<' : '>';
  const key = { sql: `key ${beyond} ?`, parameters: [after.key] };
  const ties = { conditions: [isValue(sort.field, after.value), key], isOneValue: true };
  if (after.value === null) {
    const present = { conditions: [{ sql: `${field} IS NOT NULL`, parameters: [] }], isOneValue: false };
    return sort.isDescending ? [ties] : [ties, present];
  }
  const others = { conditions: [{ sql: `${field} ${beyond} ?`, parameters: [after.value] }], isOneValue: false };
  // Missing values come last when descending.
  return sort.isDescending ? [ties, others, { conditions: [isValue(sort.field, null)], isOneValue: true }] : [ties, others];
}

function pageStatement(query: FindQuery, part: Part): Statement {
  const { collection, sort, limit } = query;
  const direction = sort.isDescending ? 'DESC' : 'ASC';
  const parameters: FieldValue[] = [];
  const branches = equalBranches(query).map((equal) => {
    const conditions = [...equal, ...rangeConditions(query), ...part.conditions];
    for (const condition of conditions) parameters.push(...condition.parameters);
    const where = conditions.length === 0 ? '' : ` WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`;
    return `SELECT key, document, ${fieldOf(sort.field)} AS sort_value FROM ${tableOf(collection)}${where}`;
  });
  parameters.push(limit);
  const order = part.isOneValue ? `key ${direction}` : `sort_value ${direction}, key ${direction}`;
  return { sql: `${branches.join(' UNION ALL ')} ORDER BY ${order} LIMIT ?`, parameters };
}

/** Equality as branches: one value per field in each where the lists are short, so that an index gives the order. */
function equalBranches(query: FindQuery): Condition[][] {
  let branches: Condition[][] = [[]];
  for (const [name, wanted] of Object.entries(query.equal ?? {})) {
    const values = wantedValues(wanted);
    if (branches.length * values.length <= MAX_BRANCHES) {
      branches = branches.flatMap((branch) => values.map((value) => [...branch, isValue(name, value)]));
    } else {
      branches = branches.map((branch) => [...branch, isOneOf(name, values)]);
    }
  }
  return branches;
}

/** `IS ?` would do for null too, but SQLite does not see then that all sort values are one. */
function isValue(name: string, value: FieldValue): Condition {
  if (value === null) return { sql: `${fieldOf(name)} IS NULL`, parameters: [] };
  return { sql: `${fieldOf(name)} = ?`, parameters: [value] };
}

function isOneOf(name: string, values: readonly FieldValue[]): Condition {
  const present = values.filter((value) => value !== null);
  const list = `${fieldOf(name)} IN (${present.map(() => '?').join(', ')})`;
  const sql = present.length === values.length ? list : `(${list} OR ${fieldOf(name)} IS NULL)`;
  return { sql, parameters: present };
}

/** A range holds values of its bounds' kind only: numbers come before texts, so the other end is closed by `''`. */
function rangeConditions({ range, sort, after }: FindQuery): Condition[] {
  if (range === undefined) return [];
  const field = fieldOf(range.field);
  // Where the cursor bounds the same field, it is the nearer bound: `+` keeps the index for it.
  const isBounded = after !== undefined && range.field === sort.field;
  const lower = isBounded && !sort.isDescending ? '+' : '';
  const upper = isBounded && sort.isDescending ? '+' : '';
  const from = range.from ?? (typeof range.to === 'string' ? '' : undefined);
  const to = range.to ?? (typeof range.from === 'number' ? '' : undefined);
  const conditions: Condition[] = [];
  if (from !== undefined) conditions.push({ sql: `${lower}${field} >= ?`, parameters: [from] });
  if (to !== undefined) conditions.push({ sql: `${upper}${field} < ?`, parameters: [to] });
  return conditions;
}
