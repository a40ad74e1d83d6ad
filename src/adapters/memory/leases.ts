/** Leases in memory: of the instances within one process, and gone with it. */

import { StoreError } from '../../ports/errors.ts';
import type { LeaseRecord, Leases } from '../../ports/leases.ts';
import { assertLeaseName } from '../rules/lease-rules.ts';

export function openMemoryLeases(): Leases {
  return new MemoryLeases();
}

class MemoryLeases implements Leases {
  readonly #records = new Map<string, LeaseRecord>();
  #isClosed = false;

  async read(): Promise<ReadonlyMap<string, LeaseRecord>> {
    this.#assertOpen();
    return new Map(this.#records);
  }

  async compareAndSet(name: string, seen: number | null, { owner, holder, epoch, counter }: LeaseRecord): Promise<boolean> {
    assertLeaseName(name);
    this.#assertOpen();
    if ((this.#records.get(name)?.counter ?? null) !== seen) return false;
    this.#records.set(name, { owner, holder, epoch, counter });
    return true;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new StoreError('the leases in memory are closed');
  }
}
