import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shownText } from '../../src/adapters/rules/shown-text.ts';
import { arranged, listed, listedText, shown } from '../../src/projections/shown.ts';

const field = fc.constantFrom('id', 'status', 'reached', 'sequence', 'history', '"_position":"');
const document = fc.dictionary(field, fc.oneof(fc.string(), fc.constantFrom('"_position":"7"', '\\'), fc.jsonValue()));
const projection = { hidden: ['reached', 'sequence'], details: ['history'] };

/** Without what JSON cannot tell apart, such as -0. */
const asStored = (document: object): object => JSON.parse(JSON.stringify(document));

describe('what is shown of a document', () => {
  it('is the same whether its text is cut or its fields are chosen', () => {
    fc.assert(
      fc.property(document, (document) => {
        // Hidden fields are plain values.
        for (const hidden of projection.hidden) if (hidden in document) document[hidden] = 'x';
        const stored = asStored(arranged(projection, document, '42'));
        const { text, position } = shownText(JSON.stringify(stored));
        expect(position).toBe('42');
        expect(text).toBe(JSON.stringify(shown(projection, stored)));
        expect(listedText(projection, text)).toBe(JSON.stringify(listed(projection, shown(projection, stored))));
      }),
    );
  });

  it('leaves out what is hidden, and in a list the details too', () => {
    const stored = arranged(projection, { id: 'a', reached: 'b', history: [1], sequence: 'c' }, '42');
    expect(Object.keys(stored)).toEqual(['id', 'history', '_position', 'reached', 'sequence']);
    expect(shown(projection, stored)).toEqual({ id: 'a', history: [1] });
    expect(listed(projection, shown(projection, stored))).toEqual({ id: 'a' });
    expect(listedText({}, '{"a":1.0}')).toBe('{"a":1.0}');
  });
});
