/** The trade ids of a session that are known to be missing. */

interface IdRange {
  readonly from: number;
  readonly to: number;
}

/** Most separate holes that are remembered; of older ones nothing is known any more. */
const MAX_HOLES = 1_000;

export class TradeGaps {
  #holes: IdRange[] = [];
  /** Ids up to this one are no longer told apart. */
  #forgotten = -1;

  /** Notes that the ids from `from` to `to`, above all noted before, have not come. */
  add(from: number, to: number): void {
    if (to < from) return;
    this.#holes.push({ from, to });
    if (this.#holes.length > MAX_HOLES) this.#forgotten = (this.#holes.shift() as IdRange).to;
  }

  /** Removes an id that came late from the missing ones. Returns its state before. */
  noteLate(id: number): 'missing' | 'known' | 'forgotten' {
    if (id <= this.#forgotten) return 'forgotten';
    const index = this.#holes.findLastIndex((hole) => hole.from <= id && id <= hole.to);
    if (index < 0) return 'known';
    const { from, to } = this.#holes[index] as IdRange;
    const rest = [
      { from, to: id - 1 },
      { from: id + 1, to },
    ].filter((hole) => hole.from <= hole.to);
    this.#holes.splice(index, 1, ...rest);
    return 'missing';
  }

  /** Is nothing missing from `first` to `last`, nor right before or after, where it could belong between them? */
  noneAround(first: number, last: number): boolean {
    if (first - 1 <= this.#forgotten && first > 0) return false;
    return !this.#holes.some((hole) => hole.from <= last + 1 && hole.to >= first - 1);
  }
}
