import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TradeGaps } from '../../../src/domain/feed/trade-gaps.ts';

describe('missing trade ids', () => {
  it('are told from known ones like members of a set', () => {
    const hole = fc.record({ skip: fc.integer({ min: 1, max: 4 }), length: fc.integer({ min: 0, max: 4 }) });
    fc.assert(
      fc.property(fc.array(hole, { maxLength: 8 }), fc.array(fc.nat({ max: 60 }), { maxLength: 40 }), (holes, late) => {
        const ids = new TradeGaps();
        const model = new Set<number>();
        let next = 0;
        for (const { skip, length } of holes) {
          ids.add(next, next + length - 1);
          for (let id = next; id < next + length; id++) model.add(id);
          next += length + skip;
        }
        for (const id of late) {
          expect(ids.noteLate(id)).toBe(model.has(id) ? 'missing' : 'known');
          model.delete(id);
          const around = Array.from({ length: 7 }, (_, i) => id - 2 + i);
          expect(ids.noneAround(id - 1, id + 3)).toBe(!around.some((one) => model.has(one)));
        }
      }),
    );
  });

  it('are forgotten, oldest first, beyond a thousand holes, and then nothing old is called whole', () => {
    const ids = new TradeGaps();
    for (let hole = 0; hole <= 1_000; hole++) ids.add(10 * hole + 1, 10 * hole + 2);
    expect(ids.noteLate(2)).toBe('forgotten');
    expect(ids.noteLate(11)).toBe('missing');
    expect(ids.noneAround(2, 5)).toBe(false);
    expect(ids.noneAround(4, 8)).toBe(true);
  });
});
