/** How a command answers: lines for a person on a terminal, JSON anywhere else or when it is asked for. */

import { outputPalette, type Palette } from './palette.ts';
import { printLines } from './print.ts';

export interface OutputOptions {
  readonly json?: true;
}

/** Is the answer to be JSON? */
export function wantsJson({ json }: OutputOptions): boolean {
  return json === true || !process.stdout.isTTY;
}

/** One answer: a JSON line, or what `lines` makes of it for a person. */
export function answer(options: OutputOptions, value: object, lines: (palette: Palette) => readonly string[]): void {
  answerAll(options, [value], lines);
}

/** Several answers of one kind, a JSON line each. */
export function answerAll(
  options: OutputOptions,
  values: readonly object[],
  lines: (palette: Palette) => readonly string[],
): void {
  printLines(wantsJson(options) ? values.map((value) => JSON.stringify(value)) : lines(outputPalette()));
}
