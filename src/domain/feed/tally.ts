/** Counts of what a feed could not use or had to allow for, by reason, each with its first example. */

export type TallyReason =
  // refused input
  | 'not-a-frame'
  | 'truncated-line'
  | 'torn-gzip'
  | 'line-too-long'
  | 'unknown-stream'
  | 'wrong-symbol'
  | 'bad-frame'
  | 'bad-candle'
  | 'off-grid-candle'
  | 'unordered-candle'
  | 'ahead-of-clock'
  // allowed for
  | 'duplicate-candle'
  | 'duplicate-depth'
  | 'duplicate-trade'
  | 'old-snapshot'
  | 'depth-gap'
  | 'depth-buffer-full'
  | 'book-level-dropped'
  | 'book-crossed'
  | 'trade-gap'
  | 'late-trade'
  | 'too-late-trade'
  | 'no-market-trade';

export interface TallyEntry {
  count: number;
  /** Where and what, of the first one. */
  readonly first: string;
}

export class Tally {
  #file = '';
  #line = 0;
  readonly entries: Map<TallyReason, TallyEntry> = new Map();

  /** Says where the input that is handled next comes from; once a line, so no text is made of it before it is needed. */
  at(file: string, line: number): void {
    this.#file = file;
    this.#line = line;
  }

  note(reason: TallyReason, detail: string): void {
    const entry = this.entries.get(reason);
    if (entry === undefined) this.entries.set(reason, { count: 1, first: `${this.#file}:${this.#line}: ${detail}` });
    else entry.count++;
  }

  count(reason: TallyReason): number {
    return this.entries.get(reason)?.count ?? 0;
  }
}
