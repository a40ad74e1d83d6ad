/** Ids as people read and type them: as much of them as tells them apart. */

import { UserError } from '../domain/user-error.ts';

/** Up to the first dash of a UUID: among a million, a hundred share theirs with another. */
const SHOWN = 8;
/** Fewer digits would name too many. */
const BEGINNING = /^[0-9a-f-]{4,36}$/i;
const WHOLE = 36;
/** Most ids that are named where several fit. */
const NAMED = 5;

/** The beginning of an id, as it is shown where the whole one is not needed. */
export function shortId(id: string): string {
  return id.slice(0, SHOWN);
}

/**
 * The one id that `text` is or begins. `find` gives the ids with that beginning, so many at most. Throws UserError where
 * there is none or where there are several, with what to do.
 */
export async function wholeId(
  thing: string,
  text: string,
  find: (beginning: string, limit: number) => Promise<readonly string[]>,
  whereToLook: string,
): Promise<string> {
  const beginning = text.toLowerCase();
  if (beginning.length === WHOLE) return beginning;
  if (!BEGINNING.test(text)) throw new UserError(`"${text}" is no id: give at least its first 4 characters; ${whereToLook}`);
  const found = await find(beginning, NAMED + 1);
  const [only, ...others] = found;
  if (only === undefined) throw new UserError(`there is no ${thing} "${text}": ${whereToLook}`);
  if (others.length === 0) return only;
  const more = found.length > NAMED ? ' and others' : '';
  throw new UserError(`several ${thing}s begin with "${text}": ${found.slice(0, NAMED).join(', ')}${more}; give more of the id`);
}
