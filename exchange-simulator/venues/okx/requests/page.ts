import { wrongParameter } from './errors.ts';
import type { Parameters } from './parameters.ts';

const MOST = 100;

/** Of records in rising order of their ids: the newest first, older than `after`, newer than `before`, at most 100. */
export function page<T>(records: readonly T[], parameters: Parameters, idOf: (record: T) => string): T[] {
  const [after, before] = [id(parameters, 'after'), id(parameters, 'before')];
  const found = records.filter((record) => {
    const own = BigInt(idOf(record));
    return (after === undefined || own < after) && (before === undefined || own > before);
  });
  return found.slice(-parameters.limit(MOST, MOST)).reverse();
}

/** Ids have up to 19 digits: more than a number holds. */
function id(parameters: Parameters, name: string): bigint | undefined {
  const text = parameters.optional(name);
  if (text === undefined) return undefined;
  if (!/^\d{1,20}$/.test(text)) throw wrongParameter(name);
  return BigInt(text);
}
