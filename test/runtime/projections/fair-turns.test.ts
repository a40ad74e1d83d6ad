import { describe, expect, it } from 'vitest';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { FairTurns } from '../../../src/runtime/projections/fair-turns.ts';

describe('turns of the event loop', () => {
  it('are handed out one at a time, so that what is urgent comes in between', async () => {
    const turns = new FairTurns();
    const order: string[] = [];
    const work = async (name: string) => {
      await turns.next(systemTime);
      if (order.length === 0) setImmediate(() => order.push('urgent'));
      order.push(name);
    };
    await Promise.all(['first', 'second', 'third'].map(work));
    expect(order.filter((name) => name !== 'urgent')).toEqual(['first', 'second', 'third']);
    expect(order.indexOf('urgent')).toBeLessThan(order.indexOf('third'));
  });
});
