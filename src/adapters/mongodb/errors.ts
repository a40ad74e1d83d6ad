/** The meaning of the driver's errors: a server that is away and may come back, or something that a person has to mend. */

import {
  MongoBulkWriteError,
  MongoCompatibilityError,
  MongoError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
} from 'mongodb';
import { StoreError, StoreUnavailableError } from '../../ports/errors.ts';

const DUPLICATE_KEY = 11_000;
const NAMESPACE_EXISTS = 48;

/** Wrong user or password, or without the right to do it. */
const REFUSED = new Set([11, 13, 18, 8000]);

/**
 * A server that says that it cannot serve now: it starts, stops, hands over to another, is too busy, cannot reach a
 * majority, or has ended what was under way. The numbers are those of the server's error codes.
 */
const NOT_NOW = new Set([
  6, 7, 24, 43, 46, 50, 64, 79, 89, 91, 100, 112, 133, 134, 175, 189, 202, 237, 246, 262, 264, 317, 384, 9001, 10058, 10107,
  11600, 11601, 11602, 13388, 13435, 13436,
]);

/** No connection was free in time, or all were closed because the server went away; the driver exports no classes of these. */
const OF_THE_POOL = new Set(['MongoWaitQueueTimeoutError', 'MongoPoolClosedError', 'MongoNotConnectedError']);

/** `what` stands behind the address, as a person knows it; `place` is the address without its secrets. */
export function explainMongoError(thrown: unknown, what: string, place: string): unknown {
  const error = unwrapped(thrown);
  if (!(error instanceof MongoError)) return nameErrorOf(error, what, place) ?? error;
  const tooOld = tooOldOf(error);
  if (tooOld !== undefined) {
    return new StoreError(`the ${what} in MongoDB at ${place} cannot be used: ${tooOld}`, { cause: error });
  }
  if (error instanceof MongoServerError && REFUSED.has(Number(error.code))) {
    return new StoreError(
      `MongoDB at ${place} refuses the user of the ${what} (${error.codeName ?? error.code}): look at user, password and authSource in its address, and at the user's role: readWrite on the database`,
      { cause: error },
    );
  }
  if (isAbsence(error)) {
    return new StoreUnavailableError('read store', `MongoDB at ${place} does not serve the ${what} now: ${reasonOf(error)}`, {
      cause: error,
    });
  }
  if (error instanceof MongoServerError) {
    return new StoreError(`MongoDB at ${place} refuses what the ${what} asks of it: ${error.message} (${error.code})`, {
      cause: error,
    });
  }
  return error;
}

/** A document of that key is there already. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

export function isCollectionThere(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === NAMESPACE_EXISTS;
}

/** Of many writes in one call, the driver hands a lost connection on as if the server had said it. */
function unwrapped(error: unknown): unknown {
  const within: unknown = error instanceof MongoBulkWriteError ? error.errorResponse : undefined;
  return within instanceof MongoError ? within : error;
}

/** Of `mongodb+srv://`: the hosts are asked of the name service, outside of the driver's own errors. */
function nameErrorOf(error: unknown, what: string, place: string): unknown {
  const { syscall, code } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  if (syscall === undefined || !/^query/.test(syscall)) return undefined;
  const message = `the hosts of MongoDB ${place}, of the ${what}, cannot be looked up (${code}): look at the name, or wait for the name service`;
  return new StoreUnavailableError('read store', message, { cause: error });
}

/** The driver finds out while it looks for a server, and tells it as the cause of not finding one. */
function tooOldOf(error: MongoError): string | undefined {
  const cause = error instanceof MongoServerSelectionError ? error.cause : error;
  return cause instanceof MongoCompatibilityError ? cause.message : undefined;
}

function isAbsence(error: MongoError): boolean {
  if (error instanceof MongoNetworkError || error instanceof MongoServerSelectionError) return true;
  if (error.hasErrorLabel('RetryableWriteError')) return true;
  if (error instanceof MongoServerError) return NOT_NOW.has(Number(error.code));
  return OF_THE_POOL.has(error.name);
}

function reasonOf(error: MongoError): string {
  const cause = error instanceof MongoServerSelectionError ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message : error.message;
}
