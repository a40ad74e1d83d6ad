/**
 * Requests of people, put on the tape as evidence. Each request has a stream of its own. Its id follows
 * from the type, the API key that it came with, the account and the client's own key for it. So a request that is sent
 * again is still one request: by a client that had no answer, or by us after an append without a known outcome.
 */

import type { EventData, TapeEvent } from '../domain/catalogue.ts';
import type { HaltScope } from '../domain/order/events.ts';
import { orderStream, requestStream } from '../domain/streams.ts';
import { DAY_MS, epochMs, isoTime } from '../domain/time.ts';
import { UserError } from '../domain/user-error.ts';
import type { Clock } from '../ports/clock.ts';
import { StoreError, StoreUnavailableError } from '../ports/errors.ts';
import { type Appended, type EventStore, PartialOverlapError, WrongExpectedRevisionError } from '../ports/event-store.ts';
import { canonicalJson } from '../tape/canonical-json.ts';
import { type EvidenceOrigin, evidenceId, makeEvidence, type RecordedEvent } from '../tape/envelope.ts';
import { makeId } from '../tape/id.ts';

type RequestName = 'OrderRequested' | 'OrderCancelRequested' | 'TradingHaltRequested' | 'TradingResumeRequested';

/** How often an append without a known outcome is made, in all. */
const MAX_TRIES = 3;
/** So long a request of an older build is looked for, whose id did not follow from the API key: a client may repeat it. */
const OLDER_FORM_MS = 7 * DAY_MS;

/** The actor of a request, and the tape that records it. */
export interface RequestContext {
  readonly store: EventStore;
  readonly clock: Clock;
  /** `api:alice`, `cli:bob`. */
  readonly actor: string;
  /** Name of the API key, which a new secret leaves as it is. Absent where requests need none. */
  readonly keyName?: string | undefined;
  readonly codeVersion: string;
  readonly traceparent?: string | undefined;
}

export interface RecordedRequest {
  readonly requestId: string;
  /** Where it is on the tape, to its last event. */
  readonly position: string;
  /** It was there before. */
  readonly isRepeated: boolean;
}

/** The key was used before, for something else: a mistake of the caller. */
export class RequestConflictError extends Error {}

/** The store failed, and nobody knows whether the request is on the tape: ask again with the same key. */
export class RequestOutcomeUnknownError extends UserError {}

/** Asks for an order. `key` is the client's own, unique for API key and account. Throws RequestConflictError, InvalidEventError. */
export function requestOrder(write: RequestContext, data: EventData['OrderRequested'], key: string): Promise<RecordedRequest> {
  return record(write, 'OrderRequested', `${data.account}|${key}`, data);
}

/** Asks to cancel an order. `key` tells requests about the same order apart. */
export function requestCancel(
  write: RequestContext,
  data: EventData['OrderCancelRequested'],
  key: string,
): Promise<RecordedRequest> {
  return record(write, 'OrderCancelRequested', `${data.account}|${data.orderId}|${key}`, data);
}

/**
 * Asks to stop trading, until somebody asks to resume. `key` is unique for what is halted. `steps` events stand behind the
 * request, in the same append, for what is to be closed beyond what one event may close.
 */
export function requestHalt(
  write: RequestContext,
  data: EventData['TradingHaltRequested'],
  key: string,
  steps = 0,
): Promise<RecordedRequest> {
  return record(write, 'TradingHaltRequested', `${scopeKey(data.scope)}|${key}`, data, steps);
}

/** Asks to trade again. `key` is unique for what is resumed. */
export function requestResume(
  write: RequestContext,
  data: EventData['TradingResumeRequested'],
  key: string,
): Promise<RecordedRequest> {
  return record(write, 'TradingResumeRequested', `${scopeKey(data.scope)}|${key}`, data);
}

/** The id that the desk gives the order that is asked for by a request. */
export function orderIdOf(requestId: string): string {
  return makeId(`order|${requestId}`);
}

/** The first event of an order, from the tape itself, or undefined when there is no such order. */
export async function firstEventOfOrder(store: EventStore, orderId: string): Promise<RecordedEvent | undefined> {
  const [first] = await store.read({ stream: orderStream(orderId), limit: 1 });
  return first;
}

/** Names have no `:` and no `*`, so no two scopes share a key. */
function scopeKey(scope: HaltScope): string {
  if ('all' in scope) return '*';
  return 'account' in scope ? scope.account : `strategy:${scope.strategy}`;
}

async function record<N extends RequestName>(
  write: RequestContext,
  type: N,
  key: string,
  data: EventData[N],
  steps = 0,
): Promise<RecordedRequest> {
  const { store, clock, actor, keyName, codeVersion, traceparent } = write;
  // An account's name has no blank, so no key without a name is like one with it.
  const ownKey = keyName === undefined ? key : `by ${keyName}|${key}`;
  const requestId = evidenceId(type, ownKey);
  const stream = requestStream(requestId);
  const origin = { occurredAt: isoTime(clock.now()), actor, codeVersion, traceparent };
  const request = makeEvidence(type, stream, ownKey, data, origin);
  const older = keyName === undefined ? undefined : await olderForm(write, evidenceId(type, key));
  if (older !== undefined) {
    assertSame(older, request);
    return { requestId: older.id, position: older.position, isRepeated: true };
  }
  const { position, isRepeated } = await appendOnce(store, request, stepsOf(request, steps, origin));
  if (!isRepeated) return { requestId, position, isRepeated };
  // The store knows ids only: what was asked for under this key is what revision 0 says.
  const recorded = await readRequest(store, requestId).catch((error: unknown) => {
    // It is on the tape, or another one under this key: asking again with another key would ask for two.
    throw outcomeUnknown(error);
  });
  if (recorded?.id !== requestId) throw new Error(`the request ${requestId} is on the tape and not in its stream`);
  assertSame(recorded, request);
  return { requestId, position, isRepeated };
}

/** The events behind a request, which come from it as what is decided on them does. */
function stepsOf(request: TapeEvent, count: number, origin: EvidenceOrigin): TapeEvent[] {
  return Array.from({ length: count }, (_, index) => {
    const [requestId, step] = [request.id, index + 1];
    const event = makeEvidence('TradingHaltContinued', request.stream, `${requestId}|${step}`, { requestId, step }, origin);
    return { ...event, metadata: { ...event.metadata, correlationId: requestId, causationId: requestId } };
  });
}

/** The request that an older build recorded for the same actor under that id, not long ago. */
async function olderForm({ store, clock, actor }: RequestContext, requestId: string): Promise<RecordedEvent | undefined> {
  const recorded = await readRequest(store, requestId);
  if (recorded === undefined || recorded.metadata.actor !== actor) return undefined;
  return clock.now() - epochMs(recorded.metadata.occurredAt) < OLDER_FORM_MS ? recorded : undefined;
}

async function readRequest(store: EventStore, requestId: string): Promise<RecordedEvent | undefined> {
  const [recorded] = await store.read({ stream: requestStream(requestId), limit: 1 });
  return recorded;
}

function assertSame(recorded: RecordedEvent, request: TapeEvent): void {
  if (canonicalJson(recorded.data) === canonicalJson(request.data)) return;
  throw new RequestConflictError(
    `the key was used before, for another request (${recorded.id}): use a new key for a new request`,
  );
}

/**
 * Law 3: after an unknown outcome the same events are appended again at the same revision. A request that its client
 * repeats may have had another number of steps: those that are there stand.
 */
async function appendOnce(store: EventStore, request: TapeEvent, steps: readonly TapeEvent[]): Promise<Appended> {
  let lost: unknown;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    try {
      return await store.append(request.stream, 'no-stream', [request, ...steps]);
    } catch (error) {
      const isOther = error instanceof WrongExpectedRevisionError || error instanceof PartialOverlapError;
      if (isOther && steps.length > 0) {
        const [last] = await store.read({ stream: request.stream, isBackward: true, limit: 1 });
        if (last !== undefined) return { revision: last.revision, position: last.position, isRepeated: true };
      }
      if (error instanceof WrongExpectedRevisionError || error instanceof StoreError) throw error;
      lost = error;
      // The store has tried for as long as a client can wait.
      if (error instanceof StoreUnavailableError) break;
    }
  }
  throw outcomeUnknown(lost);
}

function outcomeUnknown(cause: unknown): RequestOutcomeUnknownError {
  return new RequestOutcomeUnknownError(
    `the store failed, and it is not known whether the request was recorded: ask again with the same key (${cause instanceof Error ? cause.message : String(cause)})`,
    { cause },
  );
}
