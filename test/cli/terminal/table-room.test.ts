import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { table } from '../../../src/cli/terminal/table.ts';
import { cut } from '../../../src/cli/terminal/table-room.ts';

const HEAD = ['created', 'account', 'quantity', 'id'];
const ROW = ['2024-08-08T10:00:00', 'paper-coinbase', '0.12982363', 'bf00b95d-fed3-5da5-b265-f6941ef09958'];
const room = (width: number) => table(HEAD, [ROW], undefined, { width, ids: ['id'], leftOut: ['account'] });

describe('a table with too little room', () => {
  it('shows everything where it fits', () => {
    expect(room(85)[1]).toBe('2024-08-08T10:00:00  paper-coinbase  0.12982363  bf00b95d-fed3-5da5-b265-f6941ef09958');
  });

  it('shortens ids first, then leaves columns out and says so, then cuts texts, and no numbers', () => {
    expect(room(84)[1]).toBe('2024-08-08T10:00:00  paper-coinbase  0.12982363  bf00b95d');
    expect(room(56)).toEqual([
      'created                quantity  id',
      '2024-08-08T10:00:00  0.12982363  bf00b95d',
      '(no room for: account)',
    ]);
    expect(room(37)[1]).toBe('2024-08-08T10:…  0.12982363  bf00b95d');
    expect(room(1)[1]).toBe('2024-08…  0.12982363  bf00b95d');
  });

  it('does without columns that say nothing before it shortens anything, and does not name them', () => {
    const head = ['created', 'limit', 'reason', 'venue', 'id'];
    const rows = [
      ['10:00:00', '', 'position-size', '-', 'bf00b95d-fed3'],
      ['10:00:01', '', '', '-', 'bf00b95d-fed4'],
    ];
    const narrow = (width: number) => table(head, rows, undefined, { width, ids: ['id'], leftOut: ['reason'] });
    expect(narrow(52)[0]).toBe('created   limit  reason         venue  id');
    expect(narrow(38)).toEqual([
      'created   reason         id',
      '10:00:00  position-size  bf00b95d-fed3',
      '10:00:01                 bf00b95d-fed4',
    ]);
    expect(narrow(20).at(-1)).toBe('(no room for: reason)');
  });

  it('is never wider than the terminal, where its numbers leave room', () => {
    const text = fc.string({ maxLength: 30, unit: fc.constantFrom('a', '-', 'Z') });
    const rows = fc.array(fc.tuple(text, text, fc.integer({ min: 0, max: 99_999 }).map(String), text), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(rows, fc.integer({ min: 40, max: 120 }), (cells, width) => {
        const lines = table(['a', 'b', 'n', 'id'], cells, undefined, { width, ids: ['id'], leftOut: ['b'] });
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
      }),
    );
  });
});

it('A number within a text is cut as a whole', () => {
  expect([10, 9, 8, 5].map((width) => cut('at -100.75', width))).toEqual(['at -100.75', 'at …', 'at …', 'at …']);
  expect([12, 8, 5].map((width) => cut('1,117.5 BTC-USD', width))).toEqual(['1,117.5 BTC…', '1,117.5…', '…']);
});

it('A text that is cut shows it', () => {
  expect([cut('abcdef', 6), cut('abcdef', 5), cut('abcdef', 1), cut('abc', 0)]).toEqual(['abcdef', 'abcd…', '…', '…']);
});
