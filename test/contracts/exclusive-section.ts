/** What `exclusively` must do where a store's traits say that it has a lock. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type LockingEventStore, type TapeSection, WrongExpectedRevisionError } from '../../src/ports/event-store.ts';
import { START } from '../../src/tape/envelope.ts';
import { locking } from '../support/altered-stores.ts';
import { timeAt } from '../support/test-time.ts';
import { type OpenEventStore, Watcher } from './event-store.ts';
import { DAY, recovered, run } from './tape-events.ts';

export function describeExclusiveSection(name: string, open: OpenEventStore): void {
  describe(`${name}, exclusively`, () => {
    let store: LockingEventStore;

    beforeEach(async () => {
      store = locking(await open(timeAt(DAY)));
    });
    afterEach(() => store.close());

    test('keeps all its appends, and hands back what the work returned', async () => {
      const result = await store.exclusively((tape) => {
        tape.append('feed-a', 'no-stream', run('feed-a', 0, 1));
        tape.append('feed-b', 'no-stream', run('feed-b', 0, 0));
        return tape.append('feed-a', 1, [recovered('feed-a', 2)]);
      });
      expect(result).toMatchObject({ revision: 2, isRepeated: false });
      expect(await store.read({ limit: 10 })).toHaveLength(4);
    });

    test('keeps nothing when the work throws, and hands on the error', async () => {
      await store.append('feed-a', 'no-stream', [recovered('feed-a', 0)]);
      const working = store.exclusively((tape) => {
        tape.append('feed-a', 0, [recovered('feed-a', 1)]);
        tape.append('feed-b', 'no-stream', [recovered('feed-b', 0)]);
        throw new Error('thought better of it');
      });
      await expect(working).rejects.toThrow('thought better of it');
      expect(await store.read({ limit: 10 })).toHaveLength(1);
      expect(await store.byId(recovered('feed-b', 0).id)).toBeUndefined();
      expect(await store.append('feed-a', 0, [recovered('feed-a', 5)])).toMatchObject({ revision: 1, position: '2' });
      expect(await store.byId(recovered('feed-a', 1).id)).toBeUndefined();
      expect(await store.append('feed-b', 'no-stream', [recovered('feed-b', 0)])).toMatchObject({ revision: 0 });
    });

    test('sees its own appends: revisions, events, and reads', async () => {
      const seen = await store.exclusively((tape) => {
        const before = tape.revisionOf('feed-a');
        tape.append('feed-a', 'no-stream', run('feed-a', 0, 2));
        return {
          before,
          after: tape.revisionOf('feed-a'),
          at: tape.at('feed-a', 1)?.id,
          beyond: tape.at('feed-a', 3),
          found: tape.find('feed-a', recovered('feed-a', 2).id)?.revision,
          elsewhere: tape.find('feed-b', recovered('feed-a', 2).id),
          read: tape.read({ categories: ['feed'], limit: 10 }).length,
        };
      });
      expect(seen).toEqual({
        before: 'no-stream',
        after: 2,
        at: recovered('feed-a', 1).id,
        beyond: undefined,
        found: 2,
        elsewhere: undefined,
        read: 3,
      });
    });

    test('refuses as append does, and the work may go on after a refusal', async () => {
      await store.append('feed-a', 'no-stream', run('feed-a', 0, 1));
      await store.exclusively((tape) => {
        expect(tape.append('feed-a', 'no-stream', run('feed-a', 0, 1))).toMatchObject({ revision: 1, isRepeated: true });
        expect(() => tape.append('feed-a', 5, [recovered('feed-a', 6)])).toThrow(WrongExpectedRevisionError);
        tape.append('feed-a', 1, [recovered('feed-a', 2)]);
      });
      expect(await store.read({ stream: 'feed-a', limit: 10 })).toHaveLength(3);
    });

    test('is told to subscriptions when it ends, and not when it failed', async () => {
      const watcher = new Watcher(store, { after: START });
      await watcher.until('caught up 0');
      const failing = store.exclusively((tape) => {
        tape.append('feed-a', 'no-stream', run('feed-a', 0, 4));
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      await store.exclusively((tape) => {
        tape.append('feed-a', 'no-stream', run('feed-a', 0, 1));
        tape.append('feed-b', 'no-stream', run('feed-b', 0, 1));
      });
      await watcher.until('caught up 4');
      expect(watcher.log).toEqual(['caught up 0', 'events 4 at 4', 'caught up 4']);
    });

    test('keeps its turn among appends', async () => {
      const first = store.append('feed-a', 'no-stream', [recovered('feed-a', 0)]);
      const seen = store.exclusively((tape) => tape.revisionOf('feed-a'));
      const second = store.append('feed-a', 0, [recovered('feed-a', 1)]);
      expect(await seen).toBe(0);
      await Promise.all([first, second]);
    });

    test('takes nobody with it when it fails', async () => {
      const outcomes = await Promise.allSettled([
        store.append('feed-a', 'no-stream', [recovered('feed-a', 0)]),
        store.exclusively(() => {
          throw new Error('no');
        }),
        store.append('feed-a', 0, [recovered('feed-a', 1)]),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(await store.read({ limit: 10 })).toHaveLength(2);
    });

    test('is over when the work returns: no promises, and no use of it later', async () => {
      let kept: TapeSection | undefined;
      await store.exclusively((tape) => {
        kept = tape;
      });
      expect(() => kept?.append('feed-a', 'no-stream', run('feed-a', 0, 0))).toThrow(/section is over/);
      const asynchronous = store.exclusively(async (tape) => {
        tape.append('feed-a', 'no-stream', run('feed-a', 0, 0));
      });
      await expect(asynchronous).rejects.toThrow(/must not be asynchronous/);
      expect(await store.head()).toBe(START);
    });
  });
}
