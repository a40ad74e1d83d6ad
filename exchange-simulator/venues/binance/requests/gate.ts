import { NoAnswer } from '../../../core/venue.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import type { Operation, RefusalKind } from '../../../faults/fault.ts';
import type { AddressLimits } from './address-limits.ts';
import { BinanceError, SERVER_BUSY, UNKNOWN_OUTCOME } from './errors.ts';

/** What every request passes, whatever it asks for: a venue that is there, bans, weight, and the faults of the moment. */
export class Gate {
  readonly #exchange: Exchange;
  readonly #limits: AddressLimits;

  constructor(exchange: Exchange, limits: AddressLimits) {
    this.#exchange = exchange;
    this.#limits = limits;
  }

  /** Rejects with a `BinanceError`, or with `NoAnswer` where the answer is lost. */
  async pass<T>(operation: Operation, weight: number, address: string, action: () => T): Promise<T> {
    const { faults } = this.#exchange;
    if (faults.isDown) throw new NoAnswer();
    const now = this.#exchange.now();
    if (faults.bannedUntil > 0) throw this.#limits.banned(faults.bannedUntil, now);
    this.#limits.spend(address, weight, now);
    return faults.carryOut(operation, (kind) => this.#refusal(kind), action);
  }

  #refusal(kind: RefusalKind): BinanceError {
    const now = this.#exchange.now();
    switch (kind) {
      case 'rate-limited':
        return this.#limits.tooMuch(2, now);
      case 'banned':
        return this.#limits.banned(now + 120_000, now);
      case 'server-error':
        return new BinanceError(-1000, 'An unknown error occurred while processing the request.', 502);
      case 'unknown-outcome':
        return UNKNOWN_OUTCOME();
      case 'busy':
        return SERVER_BUSY();
      case 'gone':
        return new BinanceError(-1020, 'This operation is not supported.', 410);
    }
  }
}
