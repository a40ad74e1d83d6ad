/** Gets a feed ready for a run: looks at its first pieces, and at how far the tape is with it. */

import type { EvidenceDraft } from '../../domain/feed/evidence.ts';
import type { Bar } from '../../domain/market/events.ts';
import { epochMs, isoTime } from '../../domain/time.ts';
import { UserError } from '../../domain/user-error.ts';
import type { EventStore } from '../../ports/event-store.ts';
import { type HeldFeed, heldUpTo } from './held-evidence.ts';
import { RecordedPieces } from './recorded-pieces.ts';

/** So many pieces of a recording that begins before what the tape holds are looked for on it. */
const LOOKED_FOR = 500;

/** A feed that is ready to be taken onto the tape. */
export interface StartedFeed {
  /** Its pieces from the beginning, in its order; once. */
  readonly evidence: AsyncIterableIterator<readonly EvidenceDraft[]>;
  /** Candles that its source made, long ago. */
  readonly isHistory: boolean;
  /** The greatest time of what the tape held of it when it was started, epoch ms; null for nothing. */
  readonly heldUpTo: number | null;
  readonly recorded: RecordedPieces;
}

export interface FeedStart {
  /** A new reading of the feed. */
  readonly evidence: AsyncIterable<readonly EvidenceDraft[]>;
  readonly market: HeldFeed;
  /** Ends the reading: then nothing is said of what was not seen. */
  readonly signal?: AbortSignal | undefined;
}

/** Starts feeds in their order, as `startFeed` does. Where one is refused, the readings of all are ended. */
export async function startFeeds(store: Pick<EventStore, 'read'>, starts: readonly FeedStart[]): Promise<StartedFeed[]> {
  const started: StartedFeed[] = [];
  try {
    for (const start of starts) started.push(await startFeed(store, start));
    return started;
  } catch (error) {
    for (const { evidence } of started) await evidence.return?.();
    throw error;
  }
}

/**
 * Reads so much of a feed that its kind is known. Throws UserError for a recording that is older than what the tape holds
 * of its feed: one that begins before that and of which no piece of the first 500 is there.
 */
async function startFeed(store: Pick<EventStore, 'read'>, start: FeedStart): Promise<StartedFeed> {
  const held = await heldUpTo(store, start.market);
  const recorded = new RecordedPieces(store);
  const batches = start.evidence[Symbol.asyncIterator]();
  const ahead: (readonly EvidenceDraft[])[] = [];
  const first = new FirstPieces(held, recorded);
  try {
    while (!first.isEnough()) {
      const { done, value } = await batches.next();
      if (done) break;
      ahead.push(value);
      for (const draft of value) await first.note(draft);
    }
    if (held !== null && !first.isKnown && first.begins !== null && !start.signal?.aborted) {
      throw olderRecording(start.market, first.begins, held);
    }
  } catch (error) {
    await batches.return?.();
    throw error;
  }
  return { evidence: chained(ahead, batches), isHistory: first.isHistory ?? false, heldUpTo: held, recorded };
}

/** What the first pieces tell of a feed. */
class FirstPieces {
  /** Time of the first, epoch ms. */
  begins: number | null = null;
  /** It begins at the end of what the tape holds of it, or with something that the tape holds. */
  isKnown: boolean;
  /** Undefined before the first bar or sample. */
  isHistory: boolean | undefined;
  readonly #held: number | null;
  readonly #recorded: RecordedPieces;
  #count = 0;

  constructor(held: number | null, recorded: RecordedPieces) {
    this.#held = held;
    this.#recorded = recorded;
    this.isKnown = held === null;
  }

  isEnough(): boolean {
    return this.#count >= LOOKED_FOR || (this.isKnown && this.isHistory !== undefined);
  }

  async note(draft: EvidenceDraft): Promise<void> {
    if (this.#count++ >= LOOKED_FOR) return;
    if (draft.type === 'DepthSampled') this.isHistory ??= false;
    if (draft.type === 'BarClosed') this.isHistory ??= isCandle(draft.data);
    this.begins ??= epochMs(draft.occurredAt);
    if (this.#held !== null && this.begins >= this.#held) this.isKnown = true;
    if (!this.isKnown) this.isKnown = await this.#recorded.has(draft);
  }
}

/** Candles are whole and name no trades. Bars of trades name them, or nothing shows that they are whole. */
function isCandle({ firstTradeId, complete }: Bar): boolean {
  return firstTradeId === null && complete;
}

/** What was read ahead, and then the rest. No generator, for one that nobody has begun does not end the rest. */
function chained(
  ahead: readonly (readonly EvidenceDraft[])[],
  rest: AsyncIterator<readonly EvidenceDraft[]>,
): StartedFeed['evidence'] {
  let next = 0;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const value = ahead[next++];
      return value === undefined ? rest.next() : { done: false, value };
    },
    async return() {
      await rest.return?.();
      return { done: true, value: undefined };
    },
  };
}

function olderRecording({ venue, symbol }: HeldFeed, begins: number, held: number): UserError {
  return new UserError(
    `the recording of ${venue} ${symbol} begins at ${isoTime(begins)}, but the tape holds this feed up to ${isoTime(held)}, and nothing of the recording's beginning: what is older cannot be added; take all recordings in, the oldest first, with a fresh TAPEDECK_DATA`,
  );
}
