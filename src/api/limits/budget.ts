/**
 * A budget: how much of one kind may be in hand at once, shared out among those who have it in hand. A holder may have as
 * much as is free for everybody else: alone half of it, with another one a third each, and so on. So nobody keeps the
 * others out, and what no other holder wants is used (the dynamic threshold of shared packet buffers, Choudhury and Hahne,
 * 1998).
 */
export class Budget {
  readonly limit: number;
  readonly #byHolder = new Map<string, number>();
  #inHand = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get inHand(): number {
    return this.#inHand;
  }

  /** Has `holder` its share, or is there nothing left? Null: there is nobody to share with. */
  isUsedUp(holder: string | null): boolean {
    const free = this.limit - this.#inHand;
    return holder === null ? free <= 0 : (this.#byHolder.get(holder) ?? 0) >= free;
  }

  take(holder: string | null, amount = 1): void {
    this.#inHand += amount;
    if (holder !== null && amount > 0) this.#byHolder.set(holder, (this.#byHolder.get(holder) ?? 0) + amount);
  }

  giveBack(holder: string | null, amount = 1): void {
    this.#inHand -= amount;
    if (holder === null) return;
    const left = (this.#byHolder.get(holder) ?? 0) - amount;
    if (left > 0) this.#byHolder.set(holder, left);
    else this.#byHolder.delete(holder);
  }
}
