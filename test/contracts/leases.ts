/** What every adapter for leases must do. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LeaseRecord, Leases } from '../../src/ports/leases.ts';
import { HARD_SYMBOLS } from '../support/fixtures.ts';

/** Opens the same leases as often as it is called: each as another instance would, where the adapter can. */
export type OpenLeases = () => Promise<Leases>;

const held = (owner: string, counter: number, epoch = 1): LeaseRecord => ({ owner, holder: `host-${owner}:1`, epoch, counter });

/** `openFresh` makes a place without any lease, and says how to open it. */
export function describeLeases(name: string, openFresh: () => Promise<OpenLeases>): void {
  describe(name, () => {
    let first: Leases;
    let second: Leases;

    beforeEach(async () => {
      const open = await openFresh();
      first = await open();
      second = await open();
    });
    afterEach(async () => {
      await first.close();
      if (second !== first) await second.close();
    });

    test('have none at first', async () => {
      expect(await first.read()).toEqual(new Map());
    });

    test('keep what was set where there was nothing, for everybody', async () => {
      expect(await first.compareAndSet('engine', null, held('a', 1))).toBe(true);
      expect(await second.read()).toEqual(new Map([['engine', held('a', 1)]]));
    });

    test('have names with characters of any script, and of any meaning elsewhere', async () => {
      const names = HARD_SYMBOLS.map((symbol) => `feed-binance.${symbol}`);
      for (const name of names) expect(await first.compareAndSet(name, null, held('a', 1))).toBe(true);
      expect(await second.read()).toEqual(new Map(names.map((name) => [name, held('a', 1)])));
    });

    test('set the first record once', async () => {
      await first.compareAndSet('engine', null, held('a', 1));
      expect(await second.compareAndSet('engine', null, held('b', 1))).toBe(false);
      expect((await second.read()).get('engine')).toEqual(held('a', 1));
    });

    test('replace the record whose counter was seen, and no other', async () => {
      await first.compareAndSet('engine', null, held('a', 1));
      expect(await second.compareAndSet('engine', 2, held('b', 3, 2))).toBe(false);
      expect(await second.compareAndSet('engine', 0, held('b', 1, 2))).toBe(false);
      expect(await second.compareAndSet('engine', 1, held('b', 2, 2))).toBe(true);
      expect(await first.compareAndSet('engine', 1, held('a', 2))).toBe(false);
      expect((await first.read()).get('engine')).toEqual(held('b', 2, 2));
    });

    test('set nothing in the place of a record that is not there', async () => {
      expect(await first.compareAndSet('engine', 4, held('a', 5))).toBe(false);
      expect(await first.read()).toEqual(new Map());
    });

    test('know one that was given back', async () => {
      await first.compareAndSet('engine', null, held('a', 1));
      expect(await first.compareAndSet('engine', 1, { ...held('a', 2), owner: null })).toBe(true);
      expect((await second.read()).get('engine')).toEqual({ owner: null, holder: 'host-a:1', epoch: 1, counter: 2 });
    });

    test('keep each apart from the others', async () => {
      await first.compareAndSet('engine', null, held('a', 1));
      await first.compareAndSet('feed-binance.BTCUSDT', null, held('b', 1));
      await first.compareAndSet('feed-binance.BTCUSDT', 1, held('b', 2));
      expect(await second.read()).toEqual(
        new Map([
          ['engine', held('a', 1)],
          ['feed-binance.BTCUSDT', held('b', 2)],
        ]),
      );
    });

    test('count on exactly, beyond 32 bits', async () => {
      const high = 2 ** 33 + 1;
      await first.compareAndSet('engine', null, held('a', high, high));
      expect(await first.compareAndSet('engine', high, held('a', high + 1, high))).toBe(true);
      expect((await second.read()).get('engine')).toEqual(held('a', high + 1, high));
    });

    test('let one of many win that have seen the same', async () => {
      await first.compareAndSet('engine', null, held('a', 1));
      const tries = Array.from({ length: 10 }, (_, index) =>
        (index % 2 === 0 ? first : second).compareAndSet('engine', 1, held(`w${index}`, 2, 2)),
      );
      const outcomes = await Promise.all(tries);
      expect(outcomes.filter((won) => won)).toHaveLength(1);
      expect((await first.read()).get('engine')?.owner).toBe(`w${outcomes.indexOf(true)}`);
    });

    test('refuse a name that is none', async () => {
      await expect(first.compareAndSet('', null, held('a', 1))).rejects.toThrow(/1 to 200 characters/);
      await expect(first.compareAndSet('x'.repeat(201), null, held('a', 1))).rejects.toThrow(/1 to 200 characters/);
    });

    test('are of no use when closed', async () => {
      await first.close();
      await expect(first.read()).rejects.toThrow(/closed/);
      await expect(first.compareAndSet('engine', null, held('a', 1))).rejects.toThrow(/closed/);
    });
  });
}
