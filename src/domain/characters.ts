/** Which characters names are made of. Classes of Unicode, as sources of regular expressions with the flag `u`. */

/** Letters, marks, digits and signs that print nothing all the same: fillers, joiners, variation selectors, Braille's blank. */
const BLANK = String.raw`\p{Default_Ignorable_Code_Point}\u2800`;

/**
 * One character that shows itself and nothing else. None are controls, bidirectional marks, spaces, unpaired surrogates
 * and whatever else is invisible: a name with these is not what it looks like.
 */
export const PRINTABLE = String.raw`(?:(?![${BLANK}])[\p{L}\p{M}\p{N}\p{P}\p{S}])`;

/** The same, letters and digits of every script alone, with the marks on them. */
export const LETTER_OR_DIGIT = String.raw`(?:(?![${BLANK}])[\p{L}\p{M}\p{N}])`;

/** Is it in Unicode's composed form (NFC)? Two names that look alike would be two otherwise. */
export function isComposed(text: string): boolean {
  return text === text.normalize('NFC');
}
