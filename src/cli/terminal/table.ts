/** Numbers and tables for people. */

import { formatDecimal, parseDecimal, rescale } from '../../domain/decimal.ts';
import { escapeUnprintable } from '../../domain/printable.ts';
import { type Column, columnsOf, cut, fitted, hasContent, makeColumns, type Room } from './table-room.ts';

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

/** How a table looks: each gets a text that is padded already, so that colours do not count as width. */
export interface TableLook {
  readonly head: (text: string) => string;
  /** `value` is what stands in the cell, without the padding. */
  readonly cell: (text: string, title: string, value: string) => string;
}

export const PLAIN_LOOK: TableLook = { head: (text) => text, cell: (text) => text };

/** Rows under a head, columns aligned: texts to the left, what looks like a number to the right. A cell is one line. */
export function table(
  head: readonly string[],
  cells: readonly (readonly string[])[],
  look: TableLook = PLAIN_LOOK,
  room: Room = {},
): string[] {
  const rows = cells.map((row) => row.map(escapeUnprintable));
  const columns = makeColumns(head, rows);
  const fitting = fitted(columns, room);
  const lineOf = (text: (column: Column) => string, coloured: (text: string, column: Column) => string): string => {
    const texts = fitting.map((column) => {
      const cell = text(column);
      const padding = ' '.repeat(Math.max(0, column.width - columnsOf(cell)));
      return column.isNumeric ? padding + cell : cell + padding;
    });
    while (texts.length > 0 && texts.at(-1)?.trim() === '') texts.pop();
    return texts
      .map((text, index) => coloured(index === texts.length - 1 ? text.trimEnd() : text, fitting[index] as Column))
      .join('  ');
  };
  const leftOut = columns.filter((column) => hasContent(column) && !fitting.some(({ title }) => title === column.title));
  return [
    lineOf(({ title }) => title, look.head),
    ...rows.map((_, row) =>
      lineOf(
        ({ cells, width }) => cut(cells[row] ?? '', width),
        (text, { title, cells }) => look.cell(text, title, cells[row] ?? ''),
      ),
    ),
    ...(leftOut.length === 0 ? [] : [`(no room for: ${leftOut.map(({ title }) => title).join(', ')})`]),
  ];
}

/** A table, or `none` where it would have no rows. */
export function tableOr(
  none: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  look: TableLook = PLAIN_LOOK,
  room: Room = {},
): string[] {
  return rows.length === 0 ? [none] : table(head, rows, look, room);
}
