import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PublishedRecord } from '../../../src/ports/publisher.ts';
import { PublishedOrder } from '../../../src/runtime/relay/stream-order.ts';

let offset = 0;

function record(stream: string, revision: number, partition = 0): PublishedRecord {
  return { partition, offset: String(offset++), key: 'k', value: '{}', headers: { stream, revision: String(revision) } };
}

const kindsOf = (order: PublishedOrder, records: readonly PublishedRecord[]) =>
  records.map((one) => order.see(one)?.kind ?? null);

describe('what was published', () => {
  it('is whole when every stream goes on by one, from 0 or from where the look began', () => {
    const whole = [record('order-a', 0), record('order-b', 0), record('order-a', 1), record('order-b', 1)];
    expect(kindsOf(new PublishedOrder(true), whole)).toEqual([null, null, null, null]);
    expect(kindsOf(new PublishedOrder(false), [record('order-a', 7), record('order-a', 8)])).toEqual([null, null]);
  });

  it('has a gap, a double, a disorder, a stream that moved or a record of others', () => {
    const order = new PublishedOrder(true);
    expect(kindsOf(order, [record('order-late', 3), record('order-a', 0), record('order-a', 2)])).toEqual(['gap', null, 'gap']);
    expect(kindsOf(order, [record('order-a', 2), record('order-a', 1), record('order-a', 3)])).toEqual([
      'double',
      'disorder',
      null,
    ]);
    expect(kindsOf(order, [record('order-a', 4, 1), record('order-a', 5, 1)])).toEqual(['moved', null]);
    const foreign = { ...record('x', 0), headers: {} };
    expect(order.see(foreign)).toMatchObject({ kind: 'foreign', stream: null });
    expect(order.summary).toEqual({ records: 9, streams: 2, breaks: 6 });
  });

  it('is told broken exactly when a record is missing, doubled or late, wherever that is', () => {
    const cases = fc.record({
      length: fc.integer({ min: 3, max: 30 }),
      at: fc.nat(),
      fault: fc.constantFrom('none', 'lose', 'double', 'swap'),
    });
    fc.assert(
      fc.property(cases, ({ length, at, fault }) => {
        const records = Array.from({ length }, (_, revision) => record('order-a', revision));
        const place = at % (length - 1);
        if (fault === 'lose') records.splice(place, 1);
        if (fault === 'double') records.splice(place, 0, records[place] as PublishedRecord);
        if (fault === 'swap') records.splice(place, 2, records[place + 1] as PublishedRecord, records[place] as PublishedRecord);
        const order = new PublishedOrder(true);
        kindsOf(order, records);
        expect(order.summary.breaks > 0).toBe(fault !== 'none');
      }),
    );
  });

  it('is checked within bounded memory: what was quiet for longest is forgotten, and is not called broken then', () => {
    const order = new PublishedOrder(true, 2);
    expect(
      kindsOf(order, [record('a', 0), record('b', 0), record('a', 1), record('c', 0), record('a', 2), record('b', 1)]),
    ).toEqual(Array(6).fill(null));
    expect(order.summary.records).toBe(6);
  });
});
