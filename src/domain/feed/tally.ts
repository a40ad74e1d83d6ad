/**
 * What became of the frames (and candles) of a feed, each counted once, by kind; and counts of what the feed could not
 * use or had to allow for, by reason, each with its first example.
 */

/**
 * `used`: taken into the book or the bars, or a candle that became a bar. `refused`: it cannot be read, or says what
 * cannot be. `dropped`: known already, or it fits nothing. `unused`: of no use to this feed.
 */
export type Fate = 'used' | 'refused' | 'dropped' | 'unused';

/** What each reason makes of the frame that it is noted of; null where it does not decide a frame's fate. */
const FATES = {
  'not-a-frame': 'refused',
  'truncated-line': 'refused',
  'torn-gzip': null,
  'line-too-long': 'refused',
  'unknown-stream': 'refused',
  'wrong-symbol': 'refused',
  'bad-frame': 'refused',
  'bad-candle': 'refused',
  'off-grid-candle': 'refused',
  'unordered-candle': 'refused',
  'ahead-of-clock': 'refused',
  'duplicate-candle': 'dropped',
  'last-candle-held-back': 'dropped',
  'duplicate-depth': 'dropped',
  'duplicate-trade': 'dropped',
  'old-snapshot': null,
  'unmet-snapshot': 'dropped',
  'past-snapshot': 'dropped',
  'checksum-mismatch': 'dropped',
  'depth-gap': null,
  'depth-reset': null,
  'stray-depth': 'dropped',
  'depth-without-snapshot': 'dropped',
  'depth-buffer-full': 'dropped',
  'book-level-dropped': null,
  'book-crossed': null,
  'beyond-snapshot': null,
  'trade-gap': null,
  'trade-reset': null,
  'late-trade': null,
  'too-late-trade': 'dropped',
  'no-market-trade': null,
} as const satisfies Readonly<Record<string, Fate | null>>;

export type TallyReason = keyof typeof FATES;

/** Reasons under which input could not be used at all; under the others it was dropped or allowed for. */
export const REFUSALS: ReadonlySet<TallyReason> = new Set([
  ...(Object.keys(FATES) as TallyReason[]).filter((reason) => FATES[reason] === 'refused'),
  'torn-gzip' as const,
]);

/** The kind of a line that is no frame. */
const UNREADABLE = 'unreadable';

/** How many frames of a kind had each fate. */
export interface FrameCounts extends Record<Fate, number> {
  /** Where the first one is that was of no use. */
  firstUnused: string | null;
}

export interface TallyEntry {
  count: number;
  /** Where and what, of the first one. */
  readonly first: string;
}

export class Tally {
  #file = '';
  #line = 0;
  readonly entries: Map<TallyReason, TallyEntry> = new Map();
  /** By kind: a stream's such as `depthUpdate` or `aggTrade`, `snapshot`, `candle`, or `unreadable`. */
  readonly frames: Map<string, FrameCounts> = new Map();

  /** Says where the input that is handled next comes from; once a line, so no text is made of it before it is needed. */
  at(file: string, line: number): void {
    this.#file = file;
    this.#line = line;
  }

  /** Where the input that is handled now comes from. */
  get place(): string {
    return `${this.#file}:${this.#line}`;
  }

  /** Counts a frame of that kind under its fate; each frame once. */
  noteFrame(kind: string, fate: Fate): void {
    const counts = this.countsOf(kind);
    if (fate === 'unused') counts.firstUnused ??= this.place;
    counts[fate]++;
  }

  /** The counts of a kind, for whoever counts frames by the million; from then on the kind is listed. */
  countsOf(kind: string): FrameCounts {
    const counts = this.frames.get(kind) ?? { used: 0, refused: 0, dropped: 0, unused: 0, firstUnused: null };
    this.frames.set(kind, counts);
    return counts;
  }

  /**
   * Counts the reason, and the frame where the reason decides its fate. `kind` is the frame's; `place` is where it came
   * from, for one that had to wait.
   */
  note(reason: TallyReason, detail: string, kind = kindOf(reason), place?: string): void {
    const entry = this.entries.get(reason);
    if (entry === undefined) this.entries.set(reason, { count: 1, first: `${place ?? this.place}: ${detail}` });
    else entry.count++;
    const fate = FATES[reason];
    if (fate !== null) this.noteFrame(kind, fate);
  }

  count(reason: TallyReason): number {
    return this.entries.get(reason)?.count ?? 0;
  }

  /** How many frames were counted, whatever became of them. */
  get received(): number {
    let received = 0;
    for (const { used, refused, dropped, unused } of this.frames.values()) received += used + refused + dropped + unused;
    return received;
  }

  /** How many frames had that fate, of whatever kind. */
  total(fate: Fate): number {
    let total = 0;
    for (const counts of this.frames.values()) total += counts[fate];
    return total;
  }
}

/** Says for people what became of the frames of each kind: `bookTicker 28040 of no use (first: session.jsonl:4)`. */
export function framesText(frames: ReadonlyMap<string, Readonly<FrameCounts>>): string[] {
  return [...frames].map(([kind, { used, refused, dropped, unused, firstUnused }]) => {
    const fates = [
      used > 0 ? `${used} used` : '',
      refused > 0 ? `${refused} refused` : '',
      dropped > 0 ? `${dropped} dropped` : '',
      unused > 0 ? `${unused} of no use (first: ${firstUnused})` : '',
    ];
    return `${kind} ${fates.filter((text) => text !== '').join(', ')}`;
  });
}

/** The kind of frame that a reason speaks of, where it does so of one only. */
function kindOf(reason: TallyReason): string {
  if (reason.includes('candle')) return 'candle';
  if (reason.endsWith('trade')) return 'trade';
  if (reason === 'unmet-snapshot') return 'snapshot';
  return reason.includes('depth') ? 'depthUpdate' : UNREADABLE;
}
