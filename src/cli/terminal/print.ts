/**
 * Everything that a command writes for people or programs goes out here, so that no text from the tape, a file or a
 * client commands the terminal. In JSON the escapes say the same as what they stand for.
 */

import { escapeUnprintable } from '../../domain/printable.ts';
import { AT_CODES } from './palette.ts';

/** Writes lines to standard output. They may have the colours of a palette. */
export function printLines(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${shownLine(line)}\n`).join(''));
}

/** Writes what went wrong, or may go wrong, to standard error; the message may have several lines. */
export function complain(message: string): void {
  process.stderr.write(`tapedeck: ${shownText(message)}\n`);
}

/** One line as a terminal may be given it, with the colours of a palette. */
export function shownLine(line: string): string {
  return line
    .split(AT_CODES)
    .map((part, index) => (index % 2 === 0 ? escapeUnprintable(part) : part))
    .join('');
}

/** Several lines that have no colours: a name in them may be anybody's, and a code of a palette is one of theirs. */
export function shownText(text: string): string {
  return text.split('\n').map(escapeUnprintable).join('\n');
}
