import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  absolute,
  add,
  compare,
  type Decimal,
  divide,
  divideUnits,
  formatDecimal,
  formatUnits,
  isDecimal,
  isMultipleOf,
  isZero,
  maximum,
  minimum,
  multiply,
  negate,
  normalize,
  ONE,
  parseDecimal,
  powerOfTen,
  type Rounding,
  rescale,
  roundToStep,
  sign,
  subtract,
  toUnits,
  ZERO,
} from '../../src/domain/decimal.ts';

// --- An independent model: fractions of big integers, reduced by nobody, compared crosswise ---

interface Fraction {
  readonly top: bigint;
  readonly bottom: bigint;
}

/** Reads digits one by one, as `parseDecimal` does not. */
function fractionOf(text: string): Fraction {
  let top = 0n;
  let bottom = 1n;
  let isAfterPoint = false;
  for (const character of text.replace('-', '')) {
    if (character === '.') isAfterPoint = true;
    else {
      top = top * 10n + BigInt('0123456789'.indexOf(character));
      if (isAfterPoint) bottom *= 10n;
    }
  }
  return { top: text.startsWith('-') ? -top : top, bottom };
}

const equal = (a: Fraction, b: Fraction) => a.top * b.bottom === b.top * a.bottom;
const fractionIn = (value: Decimal) => fractionOf(formatDecimal(value));
const less = (a: Fraction, b: Fraction) => a.top * b.bottom < b.top * a.bottom;
const distance = (a: Fraction, b: Fraction): Fraction => {
  const top = a.top * b.bottom - b.top * a.bottom;
  return { top: top < 0n ? -top : top, bottom: a.bottom * b.bottom };
};

const digits = (count: number) => fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: count });
const decimalTexts = fc
  .tuple(fc.boolean(), fc.oneof(fc.constant('0'), digits(20)), fc.option(digits(18), { nil: undefined }))
  .map(([isNegative, whole, places]) => {
    const text = `${whole.replace(/^0+(?=\d)/, '')}${places === undefined ? '' : `.${places}`}`;
    return isNegative ? `-${text}` : text;
  });
const nonZeroTexts = decimalTexts.filter((text) => /[1-9]/.test(text));
const positiveTexts = nonZeroTexts.map((text) => text.replace('-', ''));
const roundings = fc.constantFrom<Rounding>('floor', 'ceil', 'half-even');

/** Is `result` what rounding the exact value to a multiple of `step` must give? Judged by the definition of each rounding. */
function isRounded(exact: Fraction, result: Fraction, step: Fraction, rounding: Rounding): boolean {
  const isMultiple = (result.top * step.bottom) % (result.bottom * step.top) === 0n;
  const off = distance(exact, result);
  if (!isMultiple || !less(off, step)) return false;
  if (rounding === 'floor') return !less(exact, result);
  if (rounding === 'ceil') return !less(result, exact);
  const half: Fraction = { top: step.top, bottom: step.bottom * 2n };
  const count = (result.top * step.bottom) / (result.bottom * step.top);
  return less(off, half) || (equal(off, half) && count % 2n === 0n);
}

describe('a decimal number', () => {
  it.each(['0', '1', '-1', '12.5', '-0.00000001', '100000', '0.1', `${'9'.repeat(30)}.${'9'.repeat(24)}`])('is %s', (text) => {
    expect(isDecimal(text)).toBe(true);
    expect(formatDecimal(parseDecimal(text))).toBe(text);
  });

  it.each([
    ...['', ' ', '1.', '.5', '+1', '01', '00', '-', '--1', '1e5', '1E5', '0x10', '1_000', '1,5', ' 1', '1 ', '1\n', 'NaN'],
    ...['Infinity', '-Infinity', '١', '1.2.3', '9'.repeat(31), `0.${'1'.repeat(25)}`],
  ])('is not %j', (text) => {
    expect(isDecimal(text)).toBe(false);
    expect(() => parseDecimal(text)).toThrow(RangeError);
  });

  it('is quoted, cut short, when it is none', () => {
    expect(() => parseDecimal('1,5')).toThrow('"1,5" is not a decimal number');
    expect(() => parseDecimal('x'.repeat(1000))).toThrow(`"${'x'.repeat(60)}" is not a decimal number`);
  });

  it('has the text of its digits, on either side of what a number holds exactly', () => {
    const largest = 2n ** 53n;
    const near = fc.tuple(fc.bigInt({ min: 1n, max: 60n }), fc.nat(16), fc.bigInt({ min: -3n, max: 3n }));
    const units = fc.oneof(
      fc.bigInt({ min: -4n * largest, max: 4n * largest }),
      fc.bigInt({ min: largest - 5n, max: largest + 5n }),
      // Beside a whole number, where a quotient could be rounded wrongly.
      near.map(([whole, exponent, off]) => whole * 10n ** BigInt(exponent) + off),
    );
    fc.assert(
      fc.property(units, fc.nat(20), (count, scale) => {
        const size = (count < 0n ? -count : count).toString().padStart(scale + 1, '0');
        const whole = size.slice(0, size.length - scale);
        const places = size.slice(size.length - scale).replace(/0+$/, '');
        const text = `${count < 0n ? '-' : ''}${whole}${places === '' ? '' : `.${places}`}`;
        expect(formatDecimal({ units: count, scale })).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  it('has one text, whatever the trailing zeros', () => {
    expect(formatDecimal(parseDecimal('1.500'))).toBe('1.5');
    expect(formatDecimal(parseDecimal('100.000'))).toBe('100');
    expect(formatDecimal(parseDecimal('-0.00'))).toBe('0');
    expect(formatDecimal(parseDecimal('-0.050'))).toBe('-0.05');
    expect(formatUnits(-5, 3)).toBe('-0.005');
    expect(formatUnits(1234n, 2)).toBe('12.34');
  });

  it('keeps its value through text', () => {
    fc.assert(fc.property(decimalTexts, (text) => equal(fractionIn(parseDecimal(text)), fractionOf(text))));
  });

  it('can be copied as plain data', () => {
    expect(structuredClone(parseDecimal('-1.25'))).toEqual({ units: -125n, scale: 2 });
  });
});

describe('arithmetic agrees with fractions of integers', () => {
  const property = (check: (a: Decimal, b: Decimal, x: Fraction, y: Fraction) => boolean) =>
    fc.assert(
      fc.property(decimalTexts, decimalTexts, (a, b) => check(parseDecimal(a), parseDecimal(b), fractionOf(a), fractionOf(b))),
      { numRuns: 300 },
    );

  it('in sums', () =>
    property((a, b, x, y) =>
      equal(fractionIn(add(a, b)), { top: x.top * y.bottom + y.top * x.bottom, bottom: x.bottom * y.bottom }),
    ));

  it('in differences', () =>
    property((a, b, x, y) =>
      equal(fractionIn(subtract(a, b)), { top: x.top * y.bottom - y.top * x.bottom, bottom: x.bottom * y.bottom }),
    ));

  it('in products', () =>
    property((a, b, x, y) => equal(fractionIn(multiply(a, b)), { top: x.top * y.top, bottom: x.bottom * y.bottom })));

  it('in comparisons, the lesser and the greater', () =>
    property((a, b, x, y) => {
      const expected = less(x, y) ? -1 : less(y, x) ? 1 : 0;
      const [low, high] = less(y, x) ? [y, x] : [x, y];
      return compare(a, b) === expected && equal(fractionIn(minimum(a, b)), low) && equal(fractionIn(maximum(a, b)), high);
    }));

  it('in signs', () =>
    property((a, _b, x) => {
      const expected = x.top < 0n ? -1 : x.top > 0n ? 1 : 0;
      const positive = { top: x.top < 0n ? -x.top : x.top, bottom: x.bottom };
      return (
        sign(a) === expected &&
        isZero(a) === (expected === 0) &&
        equal(fractionIn(negate(a)), { top: -x.top, bottom: x.bottom }) &&
        equal(fractionIn(absolute(a)), positive)
      );
    }));

  it('when trailing zeros are dropped', () =>
    property((a, _b, x) => {
      const short = normalize(a);
      return equal(fractionIn(short), x) && (short.scale === 0 || short.units % 10n !== 0n);
    }));

  it('has its constants', () => {
    expect([formatDecimal(ZERO), formatDecimal(ONE), powerOfTen(0), powerOfTen(3)]).toEqual(['0', '1', 1n, 1000n]);
    expect(powerOfTen(100)).toBe(BigInt(`1${'0'.repeat(100)}`));
  });
});

describe('rounding', () => {
  it.each([
    // dividend, divisor, floor, ceil, half-even
    [7n, 2n, 3n, 4n, 4n],
    [5n, 2n, 2n, 3n, 2n],
    [-5n, 2n, -3n, -2n, -2n],
    [-7n, 2n, -4n, -3n, -4n],
    [5n, -2n, -3n, -2n, -2n],
    [-5n, -2n, 2n, 3n, 2n],
    [1n, 3n, 0n, 1n, 0n],
    [-1n, 3n, -1n, 0n, 0n],
    [2n, 3n, 0n, 1n, 1n],
    [6n, 3n, 2n, 2n, 2n],
    [0n, 5n, 0n, 0n, 0n],
  ])('%s / %s is %s, %s and %s', (dividend, divisor, floor, ceil, halfEven) => {
    expect(divideUnits(dividend, divisor, 'floor')).toBe(floor);
    expect(divideUnits(dividend, divisor, 'ceil')).toBe(ceil);
    expect(divideUnits(dividend, divisor, 'half-even')).toBe(halfEven);
  });

  it('of quotients is right at any scale', () => {
    fc.assert(
      fc.property(decimalTexts, nonZeroTexts, fc.nat(20), roundings, (a, b, scale, rounding) => {
        const [x, y] = [fractionOf(a), fractionOf(b)];
        const flip = y.top < 0n ? -1n : 1n;
        const exact = { top: flip * x.top * y.bottom, bottom: flip * x.bottom * y.top };
        const result = divide(parseDecimal(a), parseDecimal(b), scale, rounding);
        const step = { top: 1n, bottom: BigInt(`1${'0'.repeat(scale)}`) };
        return result.scale === scale && isRounded(exact, fractionIn(result), step, rounding);
      }),
      { numRuns: 500 },
    );
  });

  it('to fewer places is right, and to more places exact', () => {
    fc.assert(
      fc.property(decimalTexts, fc.nat(20), roundings, (a, scale, rounding) => {
        const result = rescale(parseDecimal(a), scale, rounding);
        const step = { top: 1n, bottom: BigInt(`1${'0'.repeat(scale)}`) };
        return result.scale === scale && isRounded(fractionOf(a), fractionIn(result), step, rounding);
      }),
      { numRuns: 500 },
    );
  });

  it('to steps is right, and gives whole multiples', () => {
    fc.assert(
      fc.property(decimalTexts, positiveTexts, roundings, (a, step, rounding) => {
        const result = roundToStep(parseDecimal(a), parseDecimal(step), rounding);
        const isRight = isRounded(fractionOf(a), fractionIn(result), fractionOf(step), rounding);
        return isRight && isMultipleOf(result, parseDecimal(step));
      }),
      { numRuns: 500 },
    );
  });

  it('by hand', () => {
    const text = (value: Decimal) => formatDecimal(value);
    expect(text(divide(parseDecimal('2'), parseDecimal('3'), 8, 'floor'))).toBe('0.66666666');
    expect(text(divide(parseDecimal('1'), parseDecimal('0.0003'), 2, 'half-even'))).toBe('3333.33');
    expect(text(roundToStep(parseDecimal('61234.567'), parseDecimal('0.01'), 'ceil'))).toBe('61234.57');
    expect(text(roundToStep(parseDecimal('0.123456789'), parseDecimal('0.00001'), 'floor'))).toBe('0.12345');
    expect(isMultipleOf(parseDecimal('0.15'), parseDecimal('0.05'))).toBe(true);
    expect(isMultipleOf(parseDecimal('0.151'), parseDecimal('0.05'))).toBe(false);
  });

  it('refuses to divide by zero', () => {
    expect(() => divide(ONE, parseDecimal('0.00'), 2, 'floor')).toThrow('division by zero');
  });
});

describe('units at a scale', () => {
  it('are exact, or refused', () => {
    expect(toUnits(parseDecimal('1.5'), 2)).toBe(150n);
    expect(toUnits(parseDecimal('1.5000'), 2)).toBe(150n);
    expect(toUnits(parseDecimal('-3'), 0)).toBe(-3n);
    expect(() => toUnits(parseDecimal('1.505'), 2)).toThrow('1.505 has more than 2 decimal places');
  });
});
