/**
 * A histogram of Prometheus. The library's own finds its counts by a text made of all labels, which takes longer than
 * what is measured here: a decision, a request. Here one costs a look into a map for each label.
 */

/** The observations under one choice of labels. */
interface Cell {
  readonly labels: Readonly<Record<string, string>>;
  /** By bucket; the last one is of what is above all bounds. */
  readonly counts: number[];
  sum: number;
}

type Node = Map<string, Node | Cell>;

export class Histogram<L extends string = string> {
  readonly name: string;
  readonly #help: string;
  readonly #labels: readonly L[];
  /** Upper bounds, ascending. */
  readonly #bounds: readonly number[];
  readonly #cells: Cell[] = [];
  readonly #root: Node = new Map();

  constructor(name: string, help: string, labels: readonly L[], bounds: readonly number[]) {
    this.name = name;
    this.#help = help;
    this.#labels = labels;
    this.#bounds = bounds;
    // With no labels it is shown before anything is counted.
    if (labels.length === 0) this.#cellOf({} as never);
  }

  /** Counts `value`, in the unit of the bounds, under these labels. */
  observe(labels: Readonly<Record<L, string>>, value: number): void {
    const cell = this.#cellOf(labels);
    let bucket = 0;
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] as number)) bucket++;
    cell.counts[bucket] = (cell.counts[bucket] as number) + 1;
    cell.sum += value;
  }

  /** What the registry asks for at a scrape. */
  async get(): Promise<object> {
    const values = this.#cells.flatMap((cell) => this.#valuesOf(cell));
    return { name: this.name, help: this.#help, type: 'histogram', aggregator: 'sum', values };
  }

  #cellOf(labels: Readonly<Record<L, string>>): Cell {
    let node: Node = this.#root;
    const last = this.#labels.length - 1;
    for (let index = 0; index < last; index++) {
      const text = labels[this.#labels[index] as L];
      let next = node.get(text) as Node | undefined;
      if (next === undefined) {
        next = new Map();
        node.set(text, next);
      }
      node = next;
    }
    const text = last < 0 ? '' : labels[this.#labels[last] as L];
    let cell = node.get(text) as Cell | undefined;
    if (cell === undefined) {
      cell = { labels: { ...labels }, counts: new Array(this.#bounds.length + 1).fill(0), sum: 0 };
      node.set(text, cell);
      this.#cells.push(cell);
    }
    return cell;
  }

  #valuesOf({ labels, counts, sum }: Cell): object[] {
    let count = 0;
    const buckets = counts.map((own, index) => {
      count += own;
      return { metricName: `${this.name}_bucket`, labels: { le: this.#bounds[index] ?? '+Inf', ...labels }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: count },
    ];
  }
}
