/** What `beforeCommit` must do where a store's traits say that it has a lock. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CommitHook, LockingEventStore, TapeSection } from '../../src/ports/event-store.ts';
import { WrongExpectedRevisionError } from '../../src/ports/event-store.ts';
import { locking } from '../support/altered-stores.ts';
import { timeAt } from '../support/test-time.ts';
import { type OpenEventStore, Watcher } from './event-store.ts';
import { DAY, recovered, run } from './tape-events.ts';

/** A hook that does `work`, and the log of what it was told. */
function hookThat(work: (section: TapeSection) => void): CommitHook & { readonly log: string[] } {
  const log: string[] = [];
  return {
    log,
    within: (section) => {
      log.push('within');
      work(section);
    },
    committed: () => log.push('committed'),
    undone: (error) => log.push(`undone: ${(error as Error).message}`),
  };
}

/** Appends to feed-b as many events as feed-a has. */
function mirror(section: TapeSection): void {
  const last = section.revisionOf('feed-a');
  for (let next = nextOf(section.revisionOf('feed-b')); last !== 'no-stream' && next <= last; next++) {
    section.append('feed-b', next === 0 ? 'no-stream' : next - 1, [recovered('feed-b', next)]);
  }
}

function nextOf(revision: number | 'no-stream'): number {
  return revision === 'no-stream' ? 0 : revision + 1;
}

export function describeCommitHook(name: string, open: OpenEventStore): void {
  describe(`${name}, with a hook in its commits`, () => {
    let store: LockingEventStore;
    const streams = async () => (await store.read({ limit: 100 })).map(({ stream }) => stream);

    beforeEach(async () => {
      store = locking(await open(timeAt(DAY)));
    });
    afterEach(() => store.close());

    test('records what the hook appends behind the appends, before these are answered', async () => {
      const hook = hookThat(mirror);
      store.beforeCommit(hook);
      expect(await store.append('feed-a', 'no-stream', run('feed-a', 0, 1))).toMatchObject({ revision: 1, position: '2' });
      expect(hook.log).toEqual(['within', 'committed']);
      expect(await streams()).toEqual(['feed-a', 'feed-a', 'feed-b', 'feed-b']);
    });

    test('keeps the appends and nothing of the hook where that throws', async () => {
      const hook = hookThat((section) => {
        mirror(section);
        throw new Error('thought better of it');
      });
      const unhook = store.beforeCommit(hook);
      expect(await store.append('feed-a', 'no-stream', run('feed-a', 0, 1))).toMatchObject({ revision: 1, position: '2' });
      expect(hook.log).toEqual(['within', 'undone: thought better of it']);
      expect(await streams()).toEqual(['feed-a', 'feed-a']);
      unhook();
      expect(await store.append('feed-b', 'no-stream', [recovered('feed-b', 0)])).toMatchObject({ revision: 0, position: '3' });
      expect(await store.append('feed-a', 1, [recovered('feed-a', 2)])).toMatchObject({ revision: 2, position: '4' });
    });

    test('lets a refusal within the hook pass, as a section does', async () => {
      const hook = hookThat((section) => {
        expect(() => section.append('feed-a', 7, [recovered('feed-a', 8)])).toThrow(WrongExpectedRevisionError);
        mirror(section);
      });
      store.beforeCommit(hook);
      await store.append('feed-a', 'no-stream', [recovered('feed-a', 0)]);
      expect(hook.log).toEqual(['within', 'committed']);
      expect(await streams()).toEqual(['feed-a', 'feed-b']);
    });

    test('calls the hook for what is recorded alone: not for refusals, appends made again, or sections', async () => {
      await store.append('feed-a', 'no-stream', [recovered('feed-a', 0)]);
      const hook = hookThat(mirror);
      store.beforeCommit(hook);
      await expect(store.append('feed-a', 5, [recovered('feed-a', 6)])).rejects.toThrow(WrongExpectedRevisionError);
      expect(await store.append('feed-a', 'no-stream', [recovered('feed-a', 0)])).toMatchObject({ isRepeated: true });
      await store.exclusively((section) => section.append('feed-a', 0, [recovered('feed-a', 1)]));
      expect(hook.log).toEqual([]);
    });

    test('takes one hook, until it is taken out again', async () => {
      const hook = hookThat(mirror);
      const unhook = store.beforeCommit(hook);
      expect(() => store.beforeCommit(hookThat(mirror))).toThrow('has a commit hook already');
      unhook();
      await store.append('feed-a', 'no-stream', [recovered('feed-a', 0)]);
      expect(hook.log).toEqual([]);
      store.beforeCommit(hook);
      await store.append('feed-a', 0, [recovered('feed-a', 1)]);
      expect(hook.log).toEqual(['within', 'committed']);
    });

    test('tells subscriptions of the appends and of what the hook added', async () => {
      store.beforeCommit(hookThat(mirror));
      const watcher = new Watcher(store, { after: '0' });
      await watcher.until('caught up 0');
      await store.append('feed-a', 'no-stream', run('feed-a', 0, 1));
      await watcher.until('caught up 4');
      expect(watcher.events.map(({ stream }) => stream)).toEqual(['feed-a', 'feed-a', 'feed-b', 'feed-b']);
    });
  });
}
