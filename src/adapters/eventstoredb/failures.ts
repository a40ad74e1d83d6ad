/** The meaning of an error of EventStoreDB's client: the call is refused, or its outcome is unknown and it is tried again. */

import {
  AccessDeniedError,
  isCommandError,
  MaxAppendSizeExceededError,
  StreamDeletedError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { StoreError } from '../../ports/errors.ts';

const PERMISSION_DENIED = 7;

/**
 * The server has taken note of the call and will not do it, however often it is asked. Undefined for everything else:
 * what became of the call is then unknown.
 */
export function finalFailure(error: unknown): Error | undefined {
  if (error instanceof WrongExpectedVersionError || error instanceof StoreError) return error;
  if (error instanceof RangeError) return error;
  if (
    error instanceof AccessDeniedError ||
    (error instanceof Error && isCommandError(error) && error.code === PERMISSION_DENIED)
  ) {
    return new StoreError(
      'EventStoreDB refuses user and password: put right ones into TAPEDECK_EVENT_STORE, of a user who may read $all and write streams',
    );
  }
  if (error instanceof MaxAppendSizeExceededError) {
    return new StoreError(
      `EventStoreDB takes at most ${error.maxAppendSize} bytes in one append, and this one is larger: raise the server's MaxAppendSize`,
    );
  }
  if (error instanceof StreamDeletedError) {
    return new StoreError(
      'a stream of the tape was deleted in EventStoreDB, and cannot be written again: restore it from a backup; streams of a tape must not be deleted',
    );
  }
  return undefined;
}

/** For a message: what the client said, which names hosts and codes, never the address as it was given. */
export function describeFailure(error: unknown): string {
  return error instanceof Error ? `${error.name === 'Error' ? '' : `${error.name}: `}${error.message}` : String(error);
}
