/** Requests that change something: the caller, the idempotency key, recording, and the answer. */

import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { idText, writtenReason } from '../../domain/event.ts';
import type { Time } from '../../ports/clock.ts';
import {
  type RecordedRequest,
  RequestConflictError,
  type RequestContext,
  RequestOutcomeUnknownError,
} from '../../requests/requests.ts';
import type { ApiDependencies } from '../dependencies.ts';
import type { Answer } from '../routes/route-schema.ts';
import { Problem } from './problem.ts';
import { position } from './query.ts';
import { traceparentOf } from './trace.ts';

const KEY_HEADER = 'idempotency-key';
const key = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters, such as a UUID')
  .describe('Repeating a request with the same key records it once. It belongs to the API key that it is sent with.');

/** The same key with the same body is one request, however often it is sent. */
export const requiredKey = z.looseObject({ [KEY_HEADER]: key });
export const optionalKey = z.looseObject({ [KEY_HEADER]: key.optional() });

/** The reason of a request; recorded on the tape. */
export const reason = writtenReason;

/** The key that was sent, or a new one: then every request is its own. Recorded in the request's id. */
export function keyOf(time: Time, headers: { readonly [KEY_HEADER]?: string | undefined }): string {
  return headers[KEY_HEADER] ?? time.uuid();
}

/**
 * Records a request. Answers 422 when its key was used for another one, and 503 when it is not known whether it was
 * recorded.
 */
export async function recordRequest(
  deps: ApiDependencies,
  request: FastifyRequest,
  record: (write: RequestContext) => Promise<RecordedRequest>,
): Promise<RecordedRequest> {
  const write = {
    store: deps.events,
    clock: deps.time,
    actor: request.actor,
    keyName: request.keyName ?? undefined,
    codeVersion: deps.codeVersion,
    traceparent: traceparentOf(request.headers),
  };
  try {
    return await record(write);
  } catch (error) {
    if (error instanceof RequestConflictError) {
      const message = 'was used before, with another body';
      throw new Problem(422, 'idempotency-conflict', 'The Idempotency-Key was used before, with another body: use a new key.', [
        { path: KEY_HEADER, message },
      ]);
    }
    if (error instanceof RequestOutcomeUnknownError) {
      request.log.error({ err: error }, 'the outcome of a request is not known');
      throw new Problem(
        503,
        'outcome-unknown',
        'The store failed, so it is unknown whether the request was recorded: send it again with the same Idempotency-Key.',
      );
    }
    throw error;
  }
}

/** The answer to a request that is not about an order. */
const recordedShape = z.strictObject({
  requestId: idText.describe('The event that records the request.'),
  position: position.describe('Its position on the tape, for `min-position`.'),
});

/** The answers of routes that record a request: 202, and what it says. */
export function recordedAnswers(shape: z.ZodType = recordedShape): Readonly<Record<number, Answer>> {
  return { 202: { description: 'Accepted: the request is recorded, the decision is pending.', schema: shape } };
}

/** 202: the request is recorded, the decision is pending. */
export function accepted(reply: FastifyReply, location: string, body: object): FastifyReply {
  return reply.code(202).header('Location', location).send(body);
}
