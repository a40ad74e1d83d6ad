import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDecimal } from '../../../src/domain/decimal.ts';
import {
  formatQuantity,
  parseQuantity,
  parseUnits,
  type Quantity,
  quantityToDecimal,
  UnitsError,
} from '../../../src/domain/feed/units.ts';

describe('a price in units', () => {
  it.each([
    ['61737.63000000', 2, 6_173_763],
    ['0.01', 2, 1],
    ['7', 2, 700],
    ['0', 0, 0],
    ['0.00000000', 2, 0],
  ])('reads %s at scale %i as %i', (text, scale, units) => {
    expect(parseUnits(text, scale)).toBe(units);
  });

  it('reads back any number of units, however many zeros follow', () => {
    const cases = fc.tuple(fc.nat({ max: 2 ** 31 - 1 }), fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 6 }));
    fc.assert(
      fc.property(cases, ([units, scale, zeros]) => {
        const digits = units.toString().padStart(scale + 1, '0');
        const fraction = digits.slice(digits.length - scale) + '0'.repeat(zeros);
        const whole = digits.slice(0, digits.length - scale);
        const text = scale + zeros === 0 ? digits : `${whole}.${scale === 0 ? '0'.repeat(zeros) : fraction}`;
        expect(parseUnits(text, scale)).toBe(units);
      }),
    );
  });

  it.each([
    ['61737.631', 'more than the instrument’s decimal places', /more than the instrument's 2 decimal places/],
    ['-1', 'below zero', /negative/],
    ['', 'empty', /not a decimal number/],
    ['1.', 'without a digit after the point', /not a decimal number/],
    ['.5', 'without a digit before the point', /not a decimal number/],
    ['1.2.3', 'with two points', /not a decimal number/],
    ['1e5', 'with an exponent', /not a decimal number/],
    ['007', 'with leading zeros', /not a decimal number/],
    ['+1', 'with a plus sign', /not a decimal number/],
    ['NaN', 'no number', /not a decimal number/],
    ['9'.repeat(61), 'endless', /not a decimal number/],
    ['90071992547409.92', 'beyond the safe integers', /too large/],
  ])('refuses %s: %s', (text, _why, message) => {
    expect(() => parseUnits(text, 2)).toThrow(UnitsError);
    expect(() => parseUnits(text, 2)).toThrow(message);
  });

  it('takes the greatest safe integer', () => {
    expect(parseUnits('90071992547409.91', 2)).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe('a quantity', () => {
  it.each<[string, Quantity, string]>([
    ['3.78826000', 378_826_000, '3.78826'],
    ['25.42618900', 2_542_618_900, '25.426189'],
    ['0.00000000', 0, '0'],
    ['0', 0, '0'],
    ['100', 10_000_000_000, '100'],
    ['100.0', 10_000_000_000, '100'],
    ['0.5', 50_000_000, '0.5'],
    ['120.050', 12_005_000_000, '120.05'],
    ['0.000000001', '0.000000001', '0.000000001'],
    ['0.0000000010', '0.000000001', '0.000000001'],
    ['90071992.54740991', Number.MAX_SAFE_INTEGER, '90071992.54740991'],
    ['90071992.547409920', '90071992.54740992', '90071992.54740992'],
    ['420690000000000.0', '420690000000000', '420690000000000'],
  ])('reads %s as %s, so that equal quantities are equal values', (text, quantity, canonical) => {
    expect(parseQuantity(text)).toBe(quantity);
    expect(formatQuantity(quantity)).toBe(canonical);
    expect(formatDecimal(quantityToDecimal(quantity))).toBe(canonical);
  });

  it.each([['-0.5'], [''], ['1.'], ['.5'], ['1..2'], ['1e5'], ['00.5'], ['05'], [' 1'], ['9'.repeat(61)], ['9'.repeat(31)]])(
    'refuses "%s"',
    (text) => {
      expect(() => parseQuantity(text)).toThrow(UnitsError);
    },
  );

  it('is exact, however long it is and wherever its point is', () => {
    const digits = (most: number) =>
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: most }).map((all) => all.join(''));
    fc.assert(
      fc.property(digits(20), fc.option(digits(12)), (whole, fraction) => {
        const plain = whole.replace(/^0+(?=\d)/, '');
        const text = fraction === null ? plain : `${plain}.${fraction}`;
        const [head, tail = ''] = formatQuantity(parseQuantity(text)).split('.');
        // Without a number in between: the digits before the point, and those behind it without zeros at the end.
        expect([head, tail]).toEqual([plain, (fraction ?? '').replace(/0+$/, '')]);
      }),
      { numRuns: 5_000 },
    );
  });
});
