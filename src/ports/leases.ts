/** Where instances on the same stores agree on who does what. */

/** Leases: they say which of several instances may do a piece of work now. Nobody's clock decides it. */
export interface LeaseRecord {
  /** The incarnation of the process that holds it; null once it was given back. */
  readonly owner: string | null;
  /** That process as a person finds it, such as `host-7:4711`. */
  readonly holder: string;
  /** Counts the owners that there were. */
  readonly epoch: number;
  /** Raised by the owner as long as it holds the lease, and by the one that takes it over. */
  readonly counter: number;
}

/** Where instances on the same stores agree on who does what. Safety never rests on it: it saves work. */
export interface Leases {
  /** Every lease that was ever taken, by its name. */
  read(): Promise<ReadonlyMap<string, LeaseRecord>>;
  /** Puts `next` in the place of the record with the counter `seen` (null: of none), or tells by false that it is not there. */
  compareAndSet(name: string, seen: number | null, next: LeaseRecord): Promise<boolean>;
  close(): Promise<void>;
}
