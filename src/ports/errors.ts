/** Errors of ports that a person or time can mend. Their messages say what happened, where, and what to do. */

import { UserError } from '../domain/user-error.ts';

/** A store that cannot be opened or written for a reason outside Tapedeck: says what, where and what to do. */
export class StoreError extends UserError {}

/** The stores and brokers behind the ports, as a person knows them. */
export type BackendName = 'event store' | 'read store' | 'Kafka';

/**
 * A backend across the network does not answer, or says that it cannot serve now, or another process holds the lock of a
 * file: it may be back later, and then the same may be asked again. Whether a write was made is not known. Thrown for absence only, as against what waiting does
 * not mend (StoreError): a wrong address, refused credentials, a server too old. Opening a store waits for nobody: it is
 * the first call that throws this.
 */
export class StoreUnavailableError extends UserError {
  readonly backend: BackendName;

  /** `message` says which backend, where (without secrets), what was tried and what came of it. */
  constructor(backend: BackendName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.backend = backend;
  }
}
