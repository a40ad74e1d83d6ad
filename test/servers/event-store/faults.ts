/** What a server can do to its clients, one fault at a time, each taken by the next call that it concerns. */

export type AppendFault =
  /** Takes the append and never answers. */
  | 'silent'
  /** Commits it and never answers. */
  | 'commit-silent'
  /** Commits it and ends the answers cleanly, without one to this. */
  | 'commit-half-close'
  /** Ends the answers cleanly and commits nothing. */
  | 'half-close'
  /** Commits it and breaks the stream (UNAVAILABLE). */
  | 'commit-cut'
  /** Breaks the stream (UNAVAILABLE) and commits nothing. */
  | 'cut'
  /** Breaks the stream with INTERNAL, on which the client keeps its channel. */
  | 'commit-internal'
  /** Has it on this node alone, which is about to lose the lead: nobody reads it, nobody is answered, and it must be cut. */
  | 'unreplicated'
  /** Answers that the server gave up waiting; whether it is written is open. It is. */
  | 'commit-timeout';

export type ReadFault = 'unavailable' | 'internal' | 'silent' | 'cut-after-some';

export class Faults {
  /** For the next appends, in order. */
  readonly appends: AppendFault[] = [];
  /** Appends that this node alone has. */
  unreplicated = 0;
  /** Milliseconds from an append to its answer. */
  answerAfterMs = 0;
  /** Milliseconds that the disk takes for each event, one append after the other. */
  writeMsPerEvent = 0;
  /** By the monotonic clock: when the disk will have written what it has. */
  writtenAt = 0;
  /** Milliseconds from a read to the first event of its answer. Subscriptions do not wait. */
  readAfterMs = 0;
  /** Of appends that are sent together while a stream of appends is new, the first comes last. */
  isColdOrderBroken = false;
  /** What is to be answered, in order. */
  readonly answers: (() => void)[] = [];
  /**
   * Of what is not answered yet, where each append begins in the log: a kill leaves a beginning of it, and no subscription
   * tells of it.
   */
  readonly unanswered: number[] = [];
  /** For the next reads (not subscriptions), in order. */
  readonly reads: ReadFault[] = [];
  /** Subscriptions break each time that they have searched so many events, in the middle of what they hand over. */
  cutSubscriptionsEvery: number | undefined;
  /** Reads that leave out so many events in a row are silent from then on: a search takes its time. */
  longestSearch: number | undefined;
  /**
   * The port of the leader, where this node is not it: it refuses who insists on the leader, and names it. Null: there is
   * none, all nodes are followers, and nobody is named.
   */
  leader: number | null | undefined;
  /** Ports of the other nodes of its cluster, as it tells them. */
  others: readonly number[] = [];
  /** As one that is frozen: it takes calls, and neither does them nor answers. */
  isSilent = false;
  /** All calls are refused, as long as it is set. */
  refuse: 'unavailable' | 'unauthenticated' | undefined;
}
