import type { DepthChanged, Level } from '../../../market/market-event.ts';

/** Changes of one book that a slower stream sends as one. */
export class DepthBatch {
  readonly #changes: DepthChanged[] = [];

  get isEmpty(): boolean {
    return this.#changes.length === 0;
  }

  add(change: DepthChanged): void {
    this.#changes.push(change);
  }

  /** Ids have begun again: what was not sent is of another numbering. */
  clear(): void {
    this.#changes.length = 0;
  }

  /** All changes since the last time as one, of each level the last quantity; undefined where there is none. */
  take(): DepthChanged | undefined {
    const changes = this.#changes.splice(0);
    const [first, last] = [changes[0], changes.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    const lastOf = (side: 'bids' | 'asks'): Level[] => [...new Map(changes.flatMap((change) => change[side]))];
    const { previousId, firstId } = first;
    return { ...last, previousId, firstId, bids: lastOf('bids'), asks: lastOf('asks') };
  }
}
