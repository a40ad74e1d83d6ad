/** The part of a document's text that others are shown: what comes before `_position`. */

import type { ShownText } from '../../ports/read-store.ts';

const POSITION = '"_position":"';

/**
 * Cut out of the text, for to parse it and to write it again would take ten times as long. The last `_position` is the
 * document's own: what comes after it are plain values, and in a string its quotes would be escaped.
 */
export function shownText(text: string): ShownText {
  const end = text.lastIndexOf(POSITION);
  if (end < 0) throw new Error(`a document without a position: ${text.slice(0, 100)}`);
  const start = end + POSITION.length;
  const position = text.slice(start, text.indexOf('"', start));
  return { text: end === 1 ? '{}' : `${text.slice(0, end - 1)}}`, position };
}
