/** Numbers and tables for people. */

import { formatDecimal, parseDecimal, rescale } from '../domain/decimal.ts';

/** `130516.2602` as `130,516.26`: two places, thousands apart. For the eye only. */
export function money(text: string): string {
  const rounded = formatDecimal(rescale(parseDecimal(text), 2, 'half-even'));
  const [whole = '', fraction = ''] = rounded.split('.');
  return `${thousands(whole)}.${fraction.padEnd(2, '0')}`;
}

/** `20695` as `20,695`. */
export function thousands(whole: string | number): string {
  return String(whole).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Rows under a head, columns aligned: texts to the left, what looks like a number to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const numeric = head.map((_, column) => rows.length > 0 && rows.every((row) => /^[+-]?[\d,.]*$/.test(row[column] ?? '')));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (numeric[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [line(head), ...rows.map(line)];
}

/** A table, or `none` where it would have no rows. */
export function tableOr(none: string, head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return rows.length === 0 ? [none] : table(head, rows);
}
