import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalHash, canonicalJson, equalJson } from '../../src/tape/canonical-json.ts';

/** The same value with the keys of every object put in by another order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

const values = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<unknown>;

describe('canonical JSON', () => {
  it('sorts keys by their UTF-16 code units, as RFC 8785, 3.2.3 shows', () => {
    const value = { '€': 'Euro', '\r': 'Return', '\ufb33': 'Dalet', '1': 'One', '😀': 'Grin', '\u0080': 'Control', ö: 'O' };
    expect([...canonicalJson(value).matchAll(/:"(\w+)"/g)].map((match) => match[1])).toEqual([
      ...['Return', 'One', 'Control', 'O', 'Euro', 'Grin', 'Dalet'],
    ]);
  });

  it('has no white space, and no members that are undefined', () => {
    expect(canonicalJson({ b: [1, 'x', null, true], a: { d: undefined, c: '0.10' } })).toBe(
      '{"a":{"c":"0.10"},"b":[1,"x",null,true]}',
    );
  });

  it('writes numbers as ECMAScript does', () => {
    expect(canonicalJson([1e30, 4.5, 2e-3, 0.000001, 1e-7, 0.1 + 0.2])).toBe(
      '[1e+30,4.5,0.002,0.000001,1e-7,0.30000000000000004]',
    );
  });

  it('says the same of equal values, in whatever order their keys came', () => {
    fc.assert(fc.property(values, (value) => canonicalJson(reversed(value)) === canonicalJson(value)));
  });

  it('is read back as the value that it was made from', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('is compared without being made', () => {
    const pairs = fc.oneof(
      fc.tuple(values, values),
      values.map((value) => [value, reversed(value)]),
      values.map((value) => [value, { ...(value as object), b: undefined }]),
      values.map((value) => [{ a: value }, { a: value, b: 1 }]),
    );
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        expect(equalJson(a, b)).toBe(canonicalJson(a) === canonicalJson(b));
        expect(equalJson(b, a)).toBe(equalJson(a, b));
      }),
      { numRuns: 500 },
    );
    expect([equalJson([], {}), equalJson({}, null), equalJson([1, 2], [1]), equalJson({ a: undefined }, {})]).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  it.each([[undefined], [Number.NaN], [Number.POSITIVE_INFINITY], [1n], [() => 1], [[undefined]], [{ a: 1n }]])(
    'refuses %s',
    (value) => {
      expect(() => canonicalJson(value)).toThrow(TypeError);
    },
  );

  it('is hashed by SHA-256', () => {
    const expected = createHash('sha256').update('{"a":"ü","b":1}', 'utf8').digest('hex');
    expect(canonicalHash({ b: 1, a: 'ü' })).toBe(expected);
  });
});
