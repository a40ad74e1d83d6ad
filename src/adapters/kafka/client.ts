/** The client as we use it: its log goes to ours, its retries are short, and its errors become ours. */

import { createRequire } from 'node:module';
import kafkajs, { type Kafka, type logCreator } from 'kafkajs';
import type { Logger } from 'pino';
import type { Time, Timer } from '../../ports/clock.ts';
import { StoreError, StoreUnavailableError } from '../../ports/errors.ts';
import { FencedError } from '../../ports/publisher.ts';
import { onAbort, pause, type TimeLimit, within } from '../../waiting.ts';
import type { KafkaAddress } from './address.ts';

const CONNECT_MS = 3_000;
const REQUEST_MS = 20_000;

/** Between two tries of the client while it opens something. */
const RETRY = { initialRetryTime: 50, maxRetryTime: 1_000, multiplier: 2, factor: 0.2, retries: 8 };

/** The client's own queue of requests to one broker. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
  throttleCheckTimeoutId: Timer | null;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
  destroy(): void;
}

const LOOK_AGAIN_MS = 10;

const queues = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as { readonly prototype: RequestQueue };
const destroyQueue = queues.prototype.destroy;

/** As in kafkajs 2.2.4, but for timers in the past, of which Node warns on the terminal. */
function lookAtQueuesBy(time: Time): void {
  Object.assign(queues.prototype, {
    scheduleCheckPendingRequests(this: RequestQueue): void {
      if (this.throttleCheckTimeoutId) return;
      const throttledMs = this.throttledUntil - time.now();
      const ms = throttledMs > 0 ? throttledMs : this.pending.length > 0 ? LOOK_AGAIN_MS : 1;
      this.throttleCheckTimeoutId = time.after(ms, () => {
        this.throttleCheckTimeoutId = null;
        this.checkPendingRequests();
      });
    },
    destroy(this: RequestQueue): void {
      this.throttleCheckTimeoutId?.cancel();
      destroyQueue.call(this);
    },
  });
}

export function makeClient(address: KafkaAddress, log: Logger, time: Time): Kafka {
  lookAtQueuesBy(time);
  const { brokers, ssl, sasl, prefix } = address;
  return new kafkajs.Kafka({
    clientId: prefix,
    brokers: [...brokers],
    ...(ssl === null ? {} : { ssl }),
    ...(sasl === null ? {} : { sasl }),
    connectionTimeout: CONNECT_MS,
    authenticationTimeout: CONNECT_MS,
    requestTimeout: REQUEST_MS,
    retry: RETRY,
    logLevel: log.isLevelEnabled('debug') ? kafkajs.logLevel.INFO : kafkajs.logLevel.NOTHING,
    logCreator: toOurLog(log),
  });
}

/** It logs what it is about to try again as an error: what matters comes to us as an exception. */
function toOurLog(log: Logger): logCreator {
  return () =>
    ({ namespace, label, log: { message, timestamp: _, logger: __, stack: ___, ...facts } }) => {
      log.debug({ ...facts, kafka: namespace, kafkaLevel: label }, message);
    };
}

/** Ends with what `work` came to, or with an error once it takes longer or `signal` is aborted. */
export async function inTime<T>(time: Time, ms: number, what: string, work: Promise<T>, signal?: AbortSignal): Promise<T> {
  let stopListening = (): void => {};
  const waitFor = (limit: TimeLimit): Promise<T> => {
    if (signal !== undefined) stopListening = onAbort(signal, () => limit.giveUp(new Error(`${what} was given up`)));
    return work;
  };
  try {
    return await within(time, ms, waitFor, () => new Error(`${what} took longer than ${ms / 1_000} s`));
  } finally {
    stopListening();
  }
}

/** For a while after a topic was made, or a broker was lost, some brokers do not know who leads it. */
const UNSETTLED = /UNKNOWN_TOPIC_OR_PARTITION|LEADER_NOT_AVAILABLE|NOT_LEADER_FOR_PARTITION|KafkaJSMetadataNotLoaded/;
const SETTLED_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 50;

/** Asks again as long as the brokers are not agreed on who leads a topic. */
export async function whenSettled<T>(time: Time, ask: () => Promise<T>): Promise<T> {
  const began = time.monotonic();
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!UNSETTLED.test(signsOf(error)) || time.monotonic() - began > SETTLED_WITHIN_MS) throw error;
      await pause(time, LOOK_EVERY_MS);
    }
  }
}

const FENCED = /INVALID_PRODUCER_EPOCH|PRODUCER_FENCED|Unknown error code 90\b/;
const REFUSED = /SASL_AUTHENTICATION_FAILED|ILLEGAL_SASL_STATE|UNSUPPORTED_SASL_MECHANISM|KafkaJSSASLAuthenticationError/;
/** While it logs in, the client tells a connection that was lost, or a broker that is slow, as a login that was refused. */
const LOST_AT_LOGIN =
  /authentication failed: (Closed connection|Connection closed by the server|Connection error|Connection timeout|Not connected|Request .* timed out)/;
const FORBIDDEN = /(TOPIC|GROUP|CLUSTER|TRANSACTIONAL_ID)_AUTHORIZATION_FAILED/;
const TOO_OLD = /KafkaJSServerDoesNotSupportApiKey|UNSUPPORTED_VERSION|UNSUPPORTED_FOR_MESSAGE_FORMAT/;
const TLS = /CERT_|SELF_SIGNED|UNABLE_TO_|ERR_TLS|EPROTO|ERR_SSL/;
const TOO_LARGE = /MESSAGE_TOO_LARGE|RECORD_LIST_TOO_LARGE/;

/** An error of the client, or of the brokers, as one of ours. `doing` says in the course of what. */
export function ourError(error: unknown, { brokers, prefix }: KafkaAddress, doing: string): Error {
  if (error instanceof StoreError || error instanceof StoreUnavailableError || error instanceof FencedError) return error;
  const signs = signsOf(error);
  const where = `Kafka at ${brokers.join(', ')}`;
  const reason = error instanceof Error ? error.message : String(error);
  if (FENCED.test(signs)) return new FencedError(`another relay has taken over "${prefix}" at ${where}`, { cause: error });
  const forWhomItMayConcern = (what: string): StoreError =>
    new StoreError(`${where}: ${doing}: ${what} (${reason})`, { cause: error });
  if (REFUSED.test(signs) && !LOST_AT_LOGIN.test(signs))
    return forWhomItMayConcern('user or password are refused: set the right ones in TAPEDECK_KAFKA');
  if (FORBIDDEN.test(signs)) {
    return forWhomItMayConcern(
      `this user is not allowed to: it needs Describe, DescribeConfigs, Create, Write and Read on topics "${prefix}.*", Describe and Write on the transactional id "${prefix}-relay", IdempotentWrite on the cluster, and Read, Describe and Delete on groups "${prefix}-*"`,
    );
  }
  if (TOO_OLD.test(signs)) return forWhomItMayConcern('the brokers are too old: Kafka 2.4 or newer is needed');
  if (TLS.test(signs)) {
    return forWhomItMayConcern(
      'no TLS connection: kafka+ssl:// is for brokers with TLS, and ca=FILE names who signed their certificate',
    );
  }
  if (TOO_LARGE.test(signs)) {
    return forWhomItMayConcern(`a topic takes smaller records only: set max.message.bytes of "${prefix}.*" to 1048588 or more`);
  }
  return new StoreUnavailableError('Kafka', `${where}: ${doing}: ${reason}`, { cause: error });
}

/** Names, types and codes of an error and of everything that caused it. */
function signsOf(error: unknown): string {
  const signs: unknown[] = [];
  for (let at = error as Partial<Record<string, unknown>> | undefined, depth = 0; at instanceof Error && depth < 8; depth++) {
    const { name, message, type, code, cause, originalError } = at as Partial<Record<string, unknown>>;
    signs.push(name, message, type, code);
    at = (cause === at ? undefined : (cause ?? originalError)) as typeof at;
  }
  return signs.join(' ');
}
