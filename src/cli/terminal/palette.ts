/** Colours for people: only on a terminal that has them, and never with NO_COLOR. */

import { Command } from 'commander';

export interface Palette {
  readonly title: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly good: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly bad: (text: string) => string;
}

/** No colours at all. */
export const PLAIN: Palette = paletteOf(() => (text) => text);

/** Codes of ECMA-48, "select graphic rendition": what turns it on, and what turns it off. */
export const COLOURED: Palette = paletteOf((on, off) => (text) => (text === '' ? text : `\x1b[${on}m${text}\x1b[${off}m`));

/** Parts a line at the codes of a palette; they are every second part. */
export const AT_CODES = new RegExp(`(${'\x1b'}\\[(?:1|2|22|31|32|33|39)m)`);

function paletteOf(style: (on: number, off: number) => (text: string) => string): Palette {
  return { title: style(1, 22), faint: style(2, 22), good: style(32, 39), warning: style(33, 39), bad: style(31, 39) };
}

/** The palette for standard output. What the environment says of colours is asked where the help asks it. */
export function outputPalette(): Palette {
  const { getOutHasColors } = new Command().configureOutput();
  return process.stdout.isTTY && getOutHasColors?.() === true ? COLOURED : PLAIN;
}

/** The colour of a state: what a person must see stands out, and what is over stays back. */
export function stateColour({ good, warning, bad, faint }: Palette, state: string): (text: string) => string {
  if (['stale', 'denied', 'rejected', 'uncertain', 'stop', 'unknown'].includes(state)) return bad;
  if (['cancel-pending', 'reduce-only', 'external'].includes(state)) return warning;
  if (['live', 'filled', 'accepted', 'partially-filled', 'approved', 'submitted', 'no'].includes(state)) return good;
  return faint;
}
