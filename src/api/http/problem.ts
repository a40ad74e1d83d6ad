/** Errors as RFC 9457 problem documents: every answer that is not a success is one, and none carries a stack trace. */

import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { ApiKeyError } from '../../config/api-keys.ts';
import type { Time } from '../../ports/clock.ts';
import { StoreError, StoreUnavailableError } from '../../ports/errors.ts';
import { DamagedTapeError } from '../../tape/damage.ts';

/** One thing that is wrong; `path` names the field, with dots for fields within fields. */
export interface Violation {
  readonly path: string;
  readonly message: string;
}

/** A problem document. `type` names the kind of problem for programs, `detail` explains this one to a person. */
interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors: readonly Violation[];
}

/** Thrown by a route to answer with a problem document. */
export class Problem extends Error {
  readonly status: number;
  /** The kind of problem, in the last part of its `type`. */
  readonly kind: string;
  readonly violations: readonly Violation[];

  constructor(status: number, kind: string, detail: string, violations: readonly Violation[] = []) {
    super(detail);
    this.status = status;
    this.kind = kind;
    this.violations = violations;
  }
}

/** 400: a request that no repetition makes right. */
export function invalidRequest(detail: string, path: string, message: string): Problem {
  return new Problem(400, 'invalid-request', detail, [{ path, message }]);
}

/** 404: there is no such thing. */
export function notFound(detail: string): Problem {
  return new Problem(404, 'not-found', detail);
}

export function problemDocument(
  status: number,
  kind: string,
  detail: string,
  errors: readonly Violation[] = [],
): ProblemDocument {
  return { type: `urn:tapedeck:problem:${kind}`, title: STATUS_CODES[status] ?? 'Error', status, detail, errors };
}

export function sendProblem(reply: FastifyReply, document: ProblemDocument): FastifyReply {
  // Serialized here, because a reply sent as an object would go through the route's own response schema.
  return reply.code(document.status).type('application/problem+json').send(JSON.stringify(document));
}

/** Answers any error that a route, a hook or the framework throws. Internal errors are logged, and not shown. */
export function answerError(error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const document = documentOf(error);
  if (document.status >= 500 && !(error instanceof Problem)) {
    request.log.error({ err: error, method: request.method, url: request.url }, 'the request failed');
  }
  // Whatever is away or busy may be back in a moment.
  if (document.status === 503) reply.header('Retry-After', '1');
  return sendProblem(reply, document);
}

interface BrokenRequest extends Pick<ProblemDocument, 'status' | 'detail'> {
  readonly kind: string;
  readonly errors?: readonly Violation[];
}

const BROKEN_REQUESTS: Readonly<Record<string, BrokenRequest>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    kind: 'headers-too-large',
    detail: 'The request line with its headers is too large.',
    errors: [{ path: 'headers', message: 'are too large' }],
  },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, kind: 'request-timeout', detail: 'The request did not arrive completely in time.' },
};
const NOT_HTTP: BrokenRequest = { status: 400, kind: 'invalid-request', detail: 'The request is not valid HTTP.' };

/** So long a client that was told why may take to end the connection itself. */
const LINGER_MS = 1_000;

/** Answers what is not an HTTP request at all, or did not come whole, and ends the connection: it is gone in a second. */
export function answerBrokenRequest(time: Pick<Time, 'after'>, error: Error & { readonly code?: string }, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const { status, kind, detail, errors } = BROKEN_REQUESTS[error.code ?? ''] ?? NOT_HTTP;
  const body = JSON.stringify(problemDocument(status, kind, detail, errors));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  // The end alone would leave it half open for as long as the client likes.
  const cutOff = time.after(LINGER_MS, () => socket.destroy());
  socket.once('close', () => cutOff.cancel());
}

function documentOf(error: FastifyError | Error): ProblemDocument {
  if (error instanceof Problem) return problemDocument(error.status, error.kind, error.message, error.violations);
  if (hasZodFastifySchemaValidationErrors(error)) return invalidDocument(error);
  if (error instanceof DamagedTapeError) return problemDocument(500, 'tape-damaged', error.message);
  if (error instanceof StoreError || error instanceof StoreUnavailableError || error instanceof ApiKeyError) {
    return problemDocument(503, 'store-unavailable', 'A store is temporarily unavailable; see the log of the server.');
  }
  const { code, statusCode } = error as Partial<FastifyError>;
  const known = code === undefined ? undefined : FRAMEWORK_PROBLEMS[code];
  if (known !== undefined) return problemDocument(known.status, known.kind, known.detail);
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return problemDocument(statusCode, 'invalid-request', error.message);
  }
  return problemDocument(500, 'internal-error', 'Internal error; see the log of the server.');
}

/** Longest part of a path: a symbol of 64 characters, of which the reserved ones stay percent-encoded. */
export const PATH_PART_LIMIT = 64 * '%2F'.length;

const FRAMEWORK_PROBLEMS: Readonly<Record<string, { status: number; kind: string; detail: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { status: 413, kind: 'body-too-large', detail: 'The body is larger than 64 KiB.' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    status: 415,
    kind: 'unsupported-media-type',
    detail: 'Send the body as JSON, with "Content-Type: application/json".',
  },
  FST_ERR_CTP_INVALID_JSON_BODY: { status: 400, kind: 'invalid-request', detail: 'The body is not valid JSON.' },
  FST_ERR_CTP_EMPTY_JSON_BODY: { status: 400, kind: 'invalid-request', detail: 'The body is empty; send a JSON object.' },
  FST_ERR_MAX_PARAM_LENGTH: {
    status: 414,
    kind: 'uri-too-long',
    detail: `A part of the path is longer than ${PATH_PART_LIMIT} characters.`,
  },
  FST_ERR_BAD_URL: { status: 400, kind: 'invalid-request', detail: 'The path is not a valid URL path.' },
};

const PARTS: Readonly<Record<string, string>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'headers',
};

interface SchemaViolation {
  readonly instancePath: string;
  readonly message?: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
}

function invalidDocument(error: { validation: readonly SchemaViolation[]; validationContext?: unknown }): ProblemDocument {
  const part = PARTS[String(error.validationContext)] ?? 'request';
  // Of several violations of one field the first says enough.
  const byPath = Map.groupBy(error.validation.flatMap(violationsOf), ({ path }) => path);
  const violations = [...byPath.values()].flatMap((ofPath) => ofPath.slice(0, 1));
  const list = violations.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  const are = part === 'headers' ? 'are' : 'is';
  return problemDocument(400, 'invalid-request', `The ${part} ${are} not valid: ${list}.`, violations);
}

function violationsOf(violation: SchemaViolation): Violation[] {
  const path = violation.instancePath.split('/').filter((part) => part !== '');
  const { keys } = violation.params;
  // A field that is not known is reported at the object that it stands in; it is named here.
  if (Array.isArray(keys)) return keys.map((key) => ({ path: [...path, key].join('.'), message: 'there is no such field' }));
  const message = violation.message ?? 'is not valid';
  return [{ path: path.join('.'), message: message.endsWith('received undefined') ? 'is missing' : message }];
}
