/**
 * Tables that are wider than the terminal: columns that say nothing go first, then ids are shortened, then columns left
 * out, then texts cut. Numbers stay whole.
 */

import { shortId } from '../short-id.ts';

/** The room that a table has, and what gives way where it is too little. */
export interface Room {
  /** In characters; absent: the terminal's own. */
  readonly width?: number;
  /** Columns of ids, of which the beginning is enough. */
  readonly ids?: readonly string[];
  /** Columns that are left out, the first of them first, until the others fit. */
  readonly leftOut?: readonly string[];
}

/** One column with its cells. */
export interface Column {
  readonly title: string;
  readonly cells: readonly string[];
  /** Nothing but numbers stand in it. */
  readonly isNumeric: boolean;
  readonly width: number;
}

const GAP = 2;
/** Texts are cut to no less. */
const LEAST_TEXT = 8;
const CUT = '…';

/** How many characters a line may have: those of the terminal, or any number where there is none. */
export function terminalWidth(): number {
  const { isTTY, columns } = process.stdout;
  return isTTY && columns > 0 ? columns : Number.POSITIVE_INFINITY;
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

/** What may be the beginning of a number, at the end of a text. */
const NUMBER_BEGUN = /[-+]?[\d.,]*$/;

/** The text, or as much of it as the width holds: never the beginning of a number, which is another number. */
export function cut(text: string, width: number): string {
  if (columnsOf(text) <= width) return text;
  let [shown, columns] = ['', columnsOf(CUT)];
  for (const character of text) {
    columns += columnsOf(character);
    if (columns > width) return (/[\d.,]/.test(character) ? shown.replace(NUMBER_BEGUN, '') : shown) + CUT;
    shown += character;
  }
  return shown + CUT;
}

export function makeColumns(head: readonly string[], rows: readonly (readonly string[])[]): Column[] {
  return head.map((title, index) => {
    const cells = rows.map((row) => row[index] ?? '');
    return { title, cells, isNumeric: rows.length > 0 && cells.every(isNumber), width: widthOf(title, cells) };
  });
}

/** The columns as they fit, as far as there is a way. */
export function fitted(columns: readonly Column[], { width = terminalWidth(), ids = [], leftOut = [] }: Room): Column[] {
  const isWide = (): boolean => total(fitting) > width;
  let fitting = [...columns];
  if (isWide()) fitting = fitting.filter(hasContent);
  if (isWide()) fitting = fitting.map((column) => (ids.includes(column.title) ? shortened(column) : column));
  for (const title of leftOut) if (isWide()) fitting = fitting.filter((column) => column.title !== title);
  while (isWide()) {
    const widest = fitting
      .filter(mayBeCut)
      .reduce<Column | undefined>((a, b) => (a !== undefined && a.width >= b.width ? a : b), undefined);
    if (widest === undefined) break;
    fitting = fitting.map((column) => (column === widest ? { ...column, width: column.width - 1 } : column));
  }
  return fitting;
}

/** Does any of its cells say something? */
export function hasContent({ cells }: Pick<Column, 'cells'>): boolean {
  return cells.some((cell) => cell !== '' && cell !== '-');
}

function isNumber(text: string): boolean {
  return /^[+-]?[\d,.]*$/.test(text);
}

function widthOf(title: string, cells: readonly string[]): number {
  return Math.max(columnsOf(title), ...cells.map(columnsOf));
}

function total(columns: readonly Column[]): number {
  return columns.reduce((sum, { width }) => sum + width + GAP, -GAP);
}

function shortened(column: Column): Column {
  const cells = column.cells.map(shortId);
  return { ...column, cells, width: widthOf(column.title, cells) };
}

/** A number that is cut is another number. */
function mayBeCut({ isNumeric, title, width }: Column): boolean {
  return !isNumeric && width > Math.max(title.length, LEAST_TEXT);
}
