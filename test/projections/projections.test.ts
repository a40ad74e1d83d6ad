import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReadDocument } from '../../src/ports/read-store.ts';
import { foldDocument } from '../../src/projections/fold.ts';
import { orders } from '../../src/projections/orders.ts';
import { PROJECTIONS } from '../../src/projections/projections.ts';
import type { RecordedEvent } from '../../src/tape/envelope.ts';
import { noon, ORDER, REQUEST, recorded } from './recorded.ts';

const of = { orderId: ORDER, account: 'paper-1', at: noon(0) };
const STREAM = `order-${ORDER}`;

/** A long and varied life of one order. */
function life(kinds: readonly number[]): RecordedEvent[] {
  let filled = 0;
  return kinds.map((kind, n) => {
    const position = n * 3 + 8;
    if (kind === 0) return recorded(position, 'OrderCancelPending', STREAM, { ...of, requestId: REQUEST, reason: null });
    if (kind === 1) return recorded(position, 'OrderAccepted', STREAM, { ...of, venueOrderId: 'v' });
    filled += kind;
    return recorded(position, 'OrderFilled', STREAM, {
      ...of,
      strategy: 'cross',
      venue: 'binance',
      symbol: 'BTCUSDT',
      side: 'buy',
      tradeId: `t${n}`,
      price: '100.5',
      quantity: String(kind),
      cumulativeQuantity: String(filled),
      fee: '0.1',
      feeAsset: 'USDT',
      liquidity: 'taker',
    });
  });
}

describe('the read models', () => {
  it('keep what is theirs alone behind the position, where texts of documents are cut', () => {
    const [first, ...others] = life([1, 2, 0]);
    let document = foldDocument(orders, undefined, [first as RecordedEvent]).document;
    // As it comes back from a store, in the order of its text.
    document = foldDocument(orders, JSON.parse(JSON.stringify(document)) as ReadDocument, others).document;
    const fields = Object.keys(document as object);
    expect(fields.slice(fields.indexOf('_position'))).toEqual(['_position', 'reached', 'cancelPending', 'closedAs', 'sequence']);
    expect(fields[0]).toBe('id');
    for (const { hidden, indexes } of PROJECTIONS) {
      if (indexes.flat().includes('sequence')) expect(hidden).toContain('sequence');
    }
  });

  it('have names of their own', () => {
    expect(new Set(PROJECTIONS.map(({ name }) => name)).size).toBe(PROJECTIONS.length);
  });

  it('read no evidence twice over: none of them looks at the engine’s own stream', () => {
    for (const { categories } of PROJECTIONS) expect(categories).not.toContain('engine');
  });
});

describe('a fold', () => {
  it('gives the same document however the events are batched, and whatever is delivered again', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 30 }),
        fc.array(fc.tuple(fc.nat(29), fc.nat(10)), { maxLength: 8 }),
        (kinds, cuts) => {
          const events = life(kinds);
          const whole = foldDocument(orders, undefined, events).document;
          let document: ReadDocument | undefined;
          let reached = 0;
          for (const [from, length] of [...cuts, [0, events.length] as const]) {
            const start = Math.min(from, reached);
            const batch = events.slice(start, start + length);
            document = foldDocument(orders, document, batch).document ?? document;
            reached = Math.max(reached, start + batch.length);
          }
          expect(document).toEqual(whole);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('keeps what came before an event that cannot be applied, and nothing of that event', () => {
    const events = life([1, 2, 3]);
    const broken = events[2] as RecordedEvent;
    const failing: typeof orders = {
      ...orders,
      apply: (document, event) => {
        const applied = orders.apply(document, event);
        if (event.id === broken.id) throw new Error('too much');
        return applied;
      },
    };
    const folded = foldDocument(failing, undefined, [...events.slice(0, 2), broken, ...life([1, 1, 1, 1]).slice(3)]);
    expect(folded.document).toEqual(foldDocument(orders, undefined, events.slice(0, 2)).document);
    expect(folded.parked).toHaveLength(2);
    expect(String(folded.error)).toContain('much');
  });

  it('parks nothing that was not recorded so: the tape is damaged, and that is told with the place', () => {
    const events = life([1, 2, 3]);
    const damaged = { ...events[2], data: { ...events[2]?.data, fee: 'much' } } as RecordedEvent;
    const place = `position ${damaged.position} (stream ${damaged.stream}, revision ${damaged.revision})`;
    expect(() => foldDocument(orders, undefined, [...events.slice(0, 2), damaged])).toThrow(
      `the tape is damaged at ${place}: restore the backup (OrderFilled: `,
    );
  });

  it('says that there is nothing to write when no event is new', () => {
    const events = life([1]);
    const { document } = foldDocument(orders, undefined, events);
    expect(foldDocument(orders, document, events).document).toBeUndefined();
  });
});
