/** Numbers and tables for people. */

import { formatDecimal, parseDecimal, rescale } from '../../domain/decimal.ts';
import { escapeUnprintable } from '../../domain/printable.ts';

/** `130516.2602` as `130,516.26`: two places, thousands apart. For the eye only. */
export function money(text: string): string {
  const rounded = formatDecimal(rescale(parseDecimal(text), 2, 'half-even'));
  const [whole = '', fraction = ''] = rounded.split('.');
  return `${thousands(whole)}.${fraction.padEnd(2, '0')}`;
}

/** The same of an amount that may be unknown. */
export function moneyOrDash(text: string | null | undefined): string {
  return text === null || text === undefined ? '-' : money(text);
}

/** `20695` as `20,695`. */
export function thousands(whole: string | number): string {
  return String(whole).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** What a terminal shows in two columns: Chinese, Japanese and Korean, the full forms of others, and pictures. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\p{Emoji_Presentation}\u{20000}-\u{3fffd}]$/u;
/** What is drawn onto the character before it. */
const COMBINING = /^\p{M}$/u;

/** Columns of a terminal that a text takes. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += WIDE.test(character) ? 2 : COMBINING.test(character) ? 0 : 1;
  return columns;
}

/** How a table looks: each gets a text that is padded already, so that colours do not count as width. */
export interface TableLook {
  readonly head: (text: string) => string;
  /** `value` is what stands in the cell, without the padding. */
  readonly cell: (text: string, title: string, value: string) => string;
}

export const PLAIN_LOOK: TableLook = { head: (text) => text, cell: (text) => text };

/** Rows under a head, columns aligned: texts to the left, what looks like a number to the right. A cell is one line. */
export function table(head: readonly string[], cells: readonly (readonly string[])[], look: TableLook = PLAIN_LOOK): string[] {
  const rows = cells.map((row) => row.map(escapeUnprintable));
  const widths = head.map((title, column) => Math.max(columnsOf(title), ...rows.map((row) => columnsOf(row[column] ?? ''))));
  const numeric = head.map((_, column) => rows.length > 0 && rows.every((row) => /^[+-]?[\d,.]*$/.test(row[column] ?? '')));
  const padded = (cells: readonly string[]): string[] => {
    const texts = cells.map((cell, column) => {
      const padding = ' '.repeat((widths[column] ?? 0) - columnsOf(cell));
      return numeric[column] ? padding + cell : cell + padding;
    });
    while (texts.length > 0 && texts.at(-1)?.trim() === '') texts.pop();
    return texts.map((text, column) => (column === texts.length - 1 ? text.trimEnd() : text));
  };
  return [
    padded(head).map(look.head).join('  '),
    ...rows.map((row) =>
      padded(row)
        .map((text, column) => look.cell(text, head[column] ?? '', row[column] ?? ''))
        .join('  '),
    ),
  ];
}

/** A table, or `none` where it would have no rows. */
export function tableOr(
  none: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  look: TableLook = PLAIN_LOOK,
): string[] {
  return rows.length === 0 ? [none] : table(head, rows, look);
}
