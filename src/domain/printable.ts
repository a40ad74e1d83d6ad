/** Text that is shown as it is: nothing in it commands a terminal or turns the direction in which a line is read. */

/**
 * Members of a character class: control characters (C0, DEL, C1), line and paragraph separators, the marks of
 * bidirectional text (Unicode's Bidi_Control), and halves of surrogate pairs. To be read with the flag `u`.
 */
export const UNPRINTABLE = String.raw`\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff`;

const ANY_UNPRINTABLE = new RegExp(`[${UNPRINTABLE}]`, 'u');
const EACH_UNPRINTABLE = new RegExp(`[${UNPRINTABLE}]`, 'gu');

export function isPrintable(text: string): boolean {
  return !ANY_UNPRINTABLE.test(text);
}

/** With `\u001b` in the place of what is unprintable: within a JSON text it says the same. */
export function escapeUnprintable(text: string): string {
  if (isPrintable(text)) return text;
  return text.replace(EACH_UNPRINTABLE, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

// --- The characters of names, as sources of regular expressions with the flag `u` ---

/** Letters, marks, digits and signs that print nothing all the same: fillers, joiners, variation selectors, Braille's blank. */
const BLANK = String.raw`\p{Default_Ignorable_Code_Point}\u2800`;

/**
 * One character that shows itself and nothing else. None are the unprintable ones above, spaces and whatever else is
 * invisible: a name with these is not what it looks like.
 */
export const NAME_CHARACTER = String.raw`(?:(?![${BLANK}])[\p{L}\p{M}\p{N}\p{P}\p{S}])`;

/** The same, letters and digits of every script alone, with the marks on them. */
export const LETTER_OR_DIGIT = String.raw`(?:(?![${BLANK}])[\p{L}\p{M}\p{N}])`;

/** Is it in Unicode's composed form (NFC)? Two names that look alike would be two otherwise. */
export function isComposed(text: string): boolean {
  return text === text.normalize('NFC');
}
