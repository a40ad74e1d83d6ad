/**
 * The engine within the commits of others: evidence that is appended in its process, such as the API's requests, is
 * decided on in the commit that records it, while the engine has nothing else in hand. One wait for the disk instead
 * of two. Else the engine hears of it from the tape; so it does when deciding fails, which loses no evidence.
 */

import type { TapeEvent } from '../../domain/catalogue.ts';
import type { CommitHook } from '../../ports/event-store.ts';
import type { EngineReplica } from './engine-replica.ts';
import type { EngineRunner } from './engine-runner.ts';
import { runInSection } from './tape-program.ts';

/** Most pages of the tape that one commit is made to wait for; the engine takes the others in by itself. */
const MAX_PAGES = 8;

/** `onUndone` is told why deciding within a commit failed; the engine begins again from the tape. */
export function decidingWithin(engine: Pick<EngineRunner, 'claim' | 'release'>, onUndone: (error: unknown) => void): CommitHook {
  let claimed: { readonly replica: EngineReplica; readonly made: TapeEvent[] } | undefined;
  const release = (outcome: { readonly error: unknown } | null): void => {
    if (claimed === undefined) return;
    const { replica, made } = claimed;
    claimed = undefined;
    engine.release(replica, outcome ?? { made });
    // Behind the commit in hand, which goes on even where this throws.
    if (outcome !== null) queueMicrotask(() => onUndone(outcome.error));
  };
  return {
    within: (section) => {
      const replica = engine.claim();
      if (replica === null) return;
      const made: TapeEvent[] = [];
      claimed = { replica, made };
      for (let pages = 0, isMore = true; isMore && pages < MAX_PAGES; pages++) {
        const page = runInSection(section, replica.catchUp());
        made.push(...page.made);
        isMore = page.hasMore;
      }
    },
    committed: () => release(null),
    undone: (error) => release({ error }),
  };
}
