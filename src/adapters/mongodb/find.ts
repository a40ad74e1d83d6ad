/** Finding documents in MongoDB: filters, so written that an index on the fields leads every one of them. */

import type { Filter, Sort } from 'mongodb';
import { wantedValues } from '../../ports/find-rules.ts';
import type { FieldValue, FindQuery } from '../../ports/read-store.ts';
import type { MongoDocument } from './document.ts';

type Condition = Filter<MongoDocument>;

/** An index over fields, with the key at its end for the total order. */
export function mongoIndex(fields: readonly string[]) {
  return { name: fields.join(','), key: Object.fromEntries([...fields, '_id'].map((field) => [field, 1 as const])) };
}

export function mongoSort({ sort }: FindQuery): Sort {
  const direction = sort.isDescending ? -1 : 1;
  return { [sort.field]: direction, _id: direction };
}

/** The filter of a query; undefined when it can find nothing. */
export function mongoFilter(query: FindQuery): Condition | undefined {
  const conditions: Condition[] = [];
  for (const [field, wanted] of Object.entries(query.equal ?? {})) {
    const values = wantedValues(wanted);
    if (values.length === 0) return undefined;
    // Equal to null is what is missing, too: nulls are not stored.
    conditions.push({ [field]: values.length === 1 ? values[0] : { $in: values } } as Condition);
  }
  conditions.push(...rangeConditions(query));
  const parts = beyondCursor(query);
  // Each part with all conditions, so that each is led by an index and their results are merged in order.
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return allOf([...conditions, ...only]);
  return { $or: parts.map((part) => allOf([...conditions, ...part])) };
}

function allOf(conditions: readonly Condition[]): Condition {
  const [only] = conditions;
  return conditions.length <= 1 ? (only ?? {}) : { $and: [...conditions] };
}

/** Comparisons hold for values of their bound's kind only, in MongoDB itself as in Tapedeck. */
function rangeConditions({ range }: FindQuery): Condition[] {
  if (range === undefined) return [];
  const conditions: Condition[] = [];
  if (range.from != null) conditions.push(is(range.field, { $gte: range.from }));
  if (range.to != null) conditions.push(is(range.field, { $lt: range.to }));
  return conditions;
}

/** The parts of what lies beyond the cursor: documents of its own value by their keys, then other values, kind by kind. */
function beyondCursor({ sort, after }: FindQuery): Condition[][] {
  if (after === undefined) return [[]];
  const { field, isDescending } = sort;
  const own = [is(field, after.value), { _id: isDescending ? { $lt: after.key } : { $gt: after.key } }];
  const same = after.value === null ? [] : [is(field, isDescending ? { $lt: after.value } : { $gt: after.value })];
  const kinds = kindsBeyond(after.value, isDescending).map((kind) => [is(field, kind)]);
  return [own, ...(same.length === 0 ? [] : [same]), ...kinds];
}

const NULL = null;
const NUMBERS = { $gte: Number.NEGATIVE_INFINITY };
const TEXTS = { $gte: '' };

/** Null comes before numbers, numbers before texts. */
function kindsBeyond(value: FieldValue, isDescending: boolean): readonly unknown[] {
  const kinds = [NULL, NUMBERS, TEXTS];
  const own = value === null ? 0 : typeof value === 'number' ? 1 : 2;
  return isDescending ? kinds.slice(0, own) : kinds.slice(own + 1);
}

function is(field: string, condition: unknown): Condition {
  return { [field]: condition } as Condition;
}
