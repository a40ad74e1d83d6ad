/** The common parts of the routes in the OpenAPI document: problems, headers, conditional reads, examples. */

import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { HEALTH_PATHS, isPublic } from '../http/public-paths.ts';
import { POSITION_HEADER } from '../http/read.ts';
import type { About } from '../routes/route-schema.ts';

/** The parts of an OpenAPI document that are looked at here. */
export interface OpenApiDocument {
  paths: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, unknown>>;
}

interface Operation {
  operationId: string;
  security?: unknown;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, object> };
  responses: Record<string, object>;
}

interface Parameter {
  name: string;
}

/** The body of every error; `application/problem+json`, RFC 9457. */
const problemShape = z
  .strictObject({
    type: z
      .string()
      .regex(/^urn:tapedeck:problem:[a-z-]+$/)
      .describe('The kind of problem, for programs.'),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string().describe('The error in words, for people.'),
    errors: z
      .array(z.strictObject({ path: z.string().describe('The field, with dots for fields within fields.'), message: z.string() }))
      .describe('Each field that is wrong.'),
  })
  .meta({ id: 'Problem' });

const PROBLEMS: Readonly<Record<number, string>> = {
  400: 'The request is not valid; `errors` names each field.',
  401: 'No API key, an unknown one, or one that has expired.',
  403: 'The API key is read-only; or, without keys, the request is not from this machine.',
  404: 'Not found.',
  408: 'The request did not arrive completely in time.',
  409: 'Its state does not allow this.',
  413: 'The body is too large.',
  414: 'The path or the query is too long.',
  415: 'The body is not JSON.',
  422: 'A name is not in the settings in force, or the Idempotency-Key was already used for another request.',
  429: 'Too many requests with this API key, or from this address.',
  431: 'The headers are too large.',
  500: 'Internal error; see the log of the server.',
  503: 'Temporarily unavailable: a store is away, a position was not reached in time, the server is busy, or the process is not healthy.',
};

const EVERY_ROUTE = [400, 414, 431, 500, 503];
const KEYED_ROUTES = [401];
/** All but the cluster's probes. */
const LIMITED_ROUTES = [403, 429];
const ROUTES_WITH_BODY = [408, 413, 415];

const text = (description: string, example: string) => ({ description, schema: { type: 'string' }, example });
const count = (description: string) => ({ description, schema: { type: 'integer' } });

const HEADERS = {
  [POSITION_HEADER]: text('The position of the tape that the answer reflects.', '1297'),
  ETag: text(
    'Identifies this content; send it as `If-None-Match` to get 304 while it is unchanged.',
    '"kHYsNNUtvH2fRVNKxYxcXmBEfSs"',
  ),
  Location: text('Where the result will be.', '/v1/orders/bf00b95d-fed3-5da5-b265-f6941ef09958'),
  'Retry-After': count('Seconds to wait.'),
  'RateLimit-Limit': count('Requests a second that the API key may make.'),
  'RateLimit-Remaining': count('How many of these are left.'),
  'RateLimit-Reset': count('Seconds until the count starts again.'),
};
type Header = keyof typeof HEADERS;

const RATE: readonly Header[] = ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'];

function headers(...names: readonly Header[]) {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function problemAnswer(status: number) {
  const shown = status === 429 ? { headers: headers('Retry-After', ...RATE) } : {};
  const schema = { $ref: `#/components/schemas/${problemShape.meta()?.id}` };
  return { description: PROBLEMS[status], ...shown, content: { 'application/problem+json': { schema } } };
}

/** `404` as `NotFound`. */
function problemName(status: number): string {
  return (STATUS_CODES[status] ?? String(status)).replaceAll(/[^A-Za-z]/g, '');
}

const IF_NONE_MATCH = {
  name: 'If-None-Match',
  in: 'header',
  required: false,
  description: 'The `ETag` of an earlier answer.',
  schema: { type: 'string' },
};

/**
 * Adds what all routes have in common and what each says of its own problems and examples, and leaves out what nothing
 * refers to. `about` has the operations by their names.
 */
export function withCommonParts(document: OpenApiDocument, about: ReadonlyMap<string, About>): OpenApiDocument {
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const own = about.get(operation.operationId);
      addExamples(operation, own);
      complete(path, method, operation, own?.problems ?? []);
    }
  }
  const responses = Object.fromEntries(
    Object.keys(PROBLEMS).map((status) => [problemName(Number(status)), problemAnswer(Number(status))]),
  );
  const components = { ...document.components, responses, headers: HEADERS };
  const whole = { ...document, components };
  return { ...whole, components: { ...components, schemas: usedSchemas(whole) } };
}

/** Where a value is an example, the page fills it in: so only for what must be given. */
function addExamples(operation: Operation, { example = {}, exampleBody }: Pick<About, 'example' | 'exampleBody'> = {}): void {
  for (const parameter of operation.parameters ?? []) {
    if (parameter.name in example) Object.assign(parameter, { example: example[parameter.name] });
  }
  if (exampleBody === undefined) return;
  for (const content of Object.values(operation.requestBody?.content ?? {})) Object.assign(content, { example: exampleBody });
}

function complete(path: string, method: string, operation: Operation, own: readonly number[]): void {
  const isKeyed = !isPublic(path);
  if (!isKeyed) operation.security = [];
  const isTagged = isKeyed && method === 'get';
  for (const [status, answer] of Object.entries(operation.responses)) {
    const location: readonly Header[] = method === 'get' ? [] : ['Location'];
    const reading: readonly Header[] = isTagged ? [POSITION_HEADER, 'ETag'] : location;
    if (isKeyed) Object.assign(operation.responses[status] ?? answer, { headers: headers(...reading, ...RATE) });
  }
  if (isTagged) {
    operation.parameters = [...(operation.parameters ?? []), IF_NONE_MATCH];
    operation.responses['304'] = { description: 'Not modified.', headers: headers(POSITION_HEADER, 'ETag', ...RATE) };
  }
  const statuses = [
    ...EVERY_ROUTE,
    ...(isKeyed ? KEYED_ROUTES : []),
    ...(HEALTH_PATHS.has(path) ? [] : LIMITED_ROUTES),
    ...(operation.requestBody === undefined ? [] : ROUTES_WITH_BODY),
    ...own,
  ];
  for (const status of statuses.sort((a, b) => a - b)) {
    operation.responses[status] = { $ref: `#/components/responses/${problemName(status)}` };
  }
}

/** Those that the document refers to, directly or by way of another: zod describes each as it comes in and goes out. */
function usedSchemas(document: OpenApiDocument): Record<string, unknown> {
  const all = document.components.schemas ?? {};
  const used = new Set<string>();
  const visit = (part: unknown): void => {
    for (const [, name] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/([^"/]+)"/g)) {
      if (name === undefined || used.has(name)) continue;
      used.add(name);
      visit(all[name] ?? null);
    }
  };
  visit([document.paths, document.components.responses]);
  return Object.fromEntries(Object.entries(all).filter(([name]) => used.has(name)));
}
