/** What every publisher must do. */

import { afterEach, describe, expect, it } from 'vitest';
import { FencedError, type Publisher, type PublisherSession } from '../../src/ports/publisher.ts';
import type { Publication } from '../../src/tape/publication.ts';

export interface GivenPublisher {
  readonly publisher: Publisher;
  /** The values of a topic by key, in order, as a consumer sees them. */
  valuesOf(topic: string): Promise<ReadonlyMap<string, readonly string[]>>;
}

const TAPE = 'a tape';

/** Publication `number` under a key. */
export function publication(number: number, key = 'a', topic = 'orders', padding = 0): Publication {
  return { topic, key, value: `${number}${'.'.repeat(padding)}`, headers: { stream: `order-${key}`, revision: String(number) } };
}

function some(from: number, to: number, key = 'a', topic = 'orders'): Publication[] {
  return Array.from({ length: to - from + 1 }, (_, offset) => publication(from + offset, key, topic));
}

const numbers = (from: number, to: number): string[] => some(from, to).map(({ value }) => value);

/** `given` makes a publisher with nothing published before. */
export function publisherContract(name: string, given: () => Promise<GivenPublisher>): void {
  describe(`a publisher (${name})`, () => {
    const opened: PublisherSession[] = [];
    const open = async ({ publisher }: GivenPublisher): Promise<PublisherSession> => {
      const session = await publisher.open(new AbortController().signal);
      opened.push(session);
      return session;
    };
    afterEach(async () => {
      for (const session of opened.splice(0)) await session.close();
    });

    it('has published nothing at first, and opens again with nothing published', async () => {
      const place = await given();
      expect((await open(place)).published).toBeNull();
      expect((await open(place)).published).toBeNull();
    });

    it('publishes in order within a key, over several topics, and knows how far it came', async () => {
      const place = await given();
      const session = await open(place);
      await session.publish([...some(0, 9), ...some(0, 4, 'b'), ...some(0, 2, 'binance.BTCUSDT', 'bars')], at(18));
      await session.publish([...some(10, 12), ...some(5, 5, 'b')], at(22));
      expect(await place.valuesOf('orders')).toEqual(
        new Map([
          ['a', numbers(0, 12)],
          ['b', numbers(0, 5)],
        ]),
      );
      expect(await place.valuesOf('bars')).toEqual(new Map([['binance.BTCUSDT', numbers(0, 2)]]));
      await session.close();
      expect((await open(place)).published).toEqual(at(22));
    });

    it('goes on after many transactions', async () => {
      const place = await given();
      const session = await open(place);
      for (let number = 0; number < 150; number++) await session.publish(some(number, number), at(number + 1));
      const next = await open(place);
      expect(next.published).toEqual(at(150));
      await next.publish(some(150, 150), at(151));
      expect((await place.valuesOf('orders')).get('a')).toEqual(numbers(0, 150));
    });

    it('publishes a batch of several megabytes whole', async () => {
      const place = await given();
      const session = await open(place);
      const batch = Array.from({ length: 30 }, (_, number) => publication(number, 'a', 'orders', 150_000));
      await session.publish(batch, at(30));
      const values = (await place.valuesOf('orders')).get('a') ?? [];
      expect(values.map((value) => value.replaceAll('.', ''))).toEqual(numbers(0, 29));
    });

    it('shuts a session out once a later one is opened: nothing of it is seen from then on', async () => {
      const place = await given();
      const former = await open(place);
      await former.publish(some(0, 3), at(4));
      const later = await open(place);
      expect(later.published).toEqual(at(4));
      await expect(former.publish(some(4, 5), at(6))).rejects.toThrow(FencedError);
      await later.publish(some(4, 4), at(5));
      expect((await place.valuesOf('orders')).get('a')).toEqual(numbers(0, 4));
      await later.close();
      expect((await open(place)).published).toEqual(at(5));
    });

    it('publishes nothing of a batch that cannot be published whole, and is dead then', async () => {
      const place = await given();
      const session = await open(place);
      await session.publish(some(0, 0), at(1));
      const bad = [...some(1, 2), publication(0, 'a', 'no-such-topic')];
      await expect(session.publish(bad, at(4))).rejects.toThrow();
      await expect(session.publish(some(1, 1), at(2))).rejects.toThrow();
      const next = await open(place);
      expect(next.published).toEqual(at(1));
      await next.publish(some(1, 1), at(2));
      expect((await place.valuesOf('orders')).get('a')).toEqual(numbers(0, 1));
    });

    it('publishes nothing once closed', async () => {
      const place = await given();
      const session = await open(place);
      await session.close();
      await expect(session.publish(some(0, 0), at(1))).rejects.toThrow();
      expect((await open(place)).published).toBeNull();
    });
  });
}

function at(position: number) {
  return { tape: TAPE, position: String(position) };
}
