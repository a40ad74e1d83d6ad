/** What the parser of JSON does not say of a text. */

/** Strings, and what stands around members. */
const MEMBERS = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}:]/g;
const TOKEN = /\s*("[^"\\]*(?:\\.[^"\\]*)*"|[-+\d.eE]+|true|false|null|[{}[\],:])/gy;
/** A value or a member's name is due behind the first of two such tokens. */
const BEFORE_VALUE = new Set(['[', '{', ',', ':']);
const AFTER_VALUE = new Set([']', '}', ',', ':']);
const EMPTY = new Set(['[]', '{}']);

/**
 * A member that stands twice in one object of `text`, which is valid JSON; undefined: there is none. What one program
 * takes for the first, another takes for the last.
 */
export function memberTwice(text: string): string | undefined {
  const open: Set<unknown>[] = [];
  let written = '';
  for (const [token] of text.matchAll(MEMBERS)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (token === ':') {
      const name: string = JSON.parse(written);
      if (open.at(-1)?.has(name)) return name;
      open.at(-1)?.add(name);
    } else written = token;
  }
  return undefined;
}

/**
 * Where `text` stops being JSON, as `line 3, column 14`. The parser's own words have the text itself, which may be a
 * secret, and often no place.
 */
export function placeOfMistake(text: string, { message }: Error): string {
  const said = /at position (\d+)/.exec(message)?.[1];
  const before = text.slice(0, said === undefined ? endOfTokens(text) : Number(said)).split('\n');
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}

/** Up to where there are tokens that may follow one another. */
function endOfTokens(text: string): number {
  let last = '';
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [whole, token = ''] = match;
    if (BEFORE_VALUE.has(last) && AFTER_VALUE.has(token) && !EMPTY.has(last + token)) return end + whole.length - token.length;
    last = token;
    end += whole.length;
  }
  return end + (/^\s*/.exec(text.slice(end))?.[0].length ?? 0);
}
