import { describe, expect, it } from 'vitest';
import { money, table, thousands } from '../../../src/cli/terminal/table.ts';
import { columnsOf } from '../../../src/cli/terminal/table-room.ts';

describe('numbers for people', () => {
  it.each([
    ['0', '0.00'],
    ['7', '7.00'],
    ['999.999', '1,000.00'],
    ['130516.2602', '130,516.26'],
    ['-1234567.895', '-1,234,567.90'],
    ['0.005', '0.00'],
    ['0.015', '0.02'],
    ['12345678901234567890.1', '12,345,678,901,234,567,890.10'],
  ])('show %s as %s', (text, shown) => expect(money(text)).toBe(shown));

  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [-123456, '-123,456'],
    ['20695', '20,695'],
  ])('show %s in thousands as %s', (whole, shown) => expect(thousands(whole)).toBe(shown));
});

describe('a table', () => {
  it('has texts on the left of their columns and numbers on the right', () => {
    expect(
      table(
        ['account', 'equity', 'note'],
        [
          ['paper', '1,000.00', 'flat'],
          ['b', '-7', '1 BTC'],
        ],
      ),
    ).toEqual(['account    equity  note', 'paper    1,000.00  flat', 'b              -7  1 BTC']);
  });

  it('stands where characters are two columns wide, or none', () => {
    expect(
      table(
        ['symbol', 'last'],
        [
          ['币安人生USDT', '1'],
          ['कीUSDT', '2'],
          ['ＡＢ한글', '3'],
        ],
      ),
    ).toEqual(['symbol        last', '币安人生USDT     1', 'कीUSDT            2', 'ＡＢ한글         3']);
    expect(['', 'BTC', '币安', '🚀A', 'e\u0301'].map(columnsOf)).toEqual([0, 3, 4, 3, 1]);
  });

  it('without rows is its head', () => expect(table(['feed', 'last'], [])).toEqual(['feed  last']));

  it('stands a row that is too short', () => expect(table(['a', 'b'], [['x']])).toEqual(['a  b', 'x']));
});
