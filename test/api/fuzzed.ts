/** Requests made from the OpenAPI document: what it allows, what it nearly allows, and what nobody should send. */

import fc from 'fast-check';
import type { JsonSchema, OpenApi, Operation, Parameter } from './openapi/documented.ts';

export interface FuzzedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string | undefined;
}

/** Values that are known to the server under test, by the name of the field: without them nearly all would be 404. */
export type Known = Readonly<Record<string, readonly string[]>>;

/** Any request to any operation of the document. `knownAt` gives what an operation's path leads to something with. */
export function requests(document: OpenApi, known: Known, knownAt: (path: string) => Known): fc.Arbitrary<FuzzedRequest> {
  const made = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => {
      const any = anyParts(operation, known);
      const plain = plainParts(operation, { ...known, ...knownAt(path) });
      return requestTo(path, method.toUpperCase(), mostly(any, plain, 2));
    }),
  );
  return fc.oneof(...made, { arbitrary: wrongMethod(Object.keys(document.paths)), weight: 2 });
}

function wrongMethod(paths: readonly string[]): fc.Arbitrary<FuzzedRequest> {
  const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS');
  return fc
    .tuple(method, fc.constantFrom(...paths), fc.option(hostileText, { nil: undefined }), fc.boolean())
    .map(([method, path, payload, isKnown]) => ({
      method,
      url: path,
      headers: {
        ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
        ...(isKnown ? { 'if-none-match': '*' } : {}),
      },
      payload: method === 'GET' || method === 'HEAD' ? undefined : payload,
    }));
}

interface Parts {
  readonly path: Readonly<Record<string, string>>;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string | undefined;
  readonly contentType: string;
}

function requestTo(path: string, method: string, parts: fc.Arbitrary<Parts>): fc.Arbitrary<FuzzedRequest> {
  return parts.map(({ path: values, query, headers, payload, contentType }) => {
    const at = path.replaceAll(/\{(\w+)\}/g, (_match, name: string) => encodeURIComponent(values[name] ?? ''));
    return {
      method,
      url: query === '' ? at : `${at}?${query}`,
      headers: payload === undefined ? headers : { 'content-type': contentType, ...headers },
      payload,
    };
  });
}

function anyParts({ parameters = [], requestBody }: Operation, known: Known): fc.Arbitrary<Parts> {
  const of = (place: Parameter['in']) => parameters.filter((parameter) => parameter.in === place);
  const body = requestBody?.content?.['application/json']?.schema;
  return fc.record({
    path: fc.record(Object.fromEntries(of('path').map(({ name, schema }) => [name, value(schema, known, name)]))),
    query: queryOf(of('query'), known),
    headers: headersOf(of('header'), known),
    payload: body === undefined ? fc.constant(undefined) : bodyOf(body, known),
    contentType: mostly(
      fc.constant('application/json'),
      fc.constantFrom('text/plain', 'application/xml', 'application/json; charset=utf-16', ''),
    ),
  });
}

/** As a client asks: what the operation needs and nothing else, so that a short run asks each operation well too. */
function plainParts({ parameters = [], requestBody }: Operation, known: Known): fc.Arbitrary<Parts> {
  const needed = (place: Parameter['in']): fc.Arbitrary<Record<string, string>> =>
    fc.record(
      Object.fromEntries(
        parameters
          .filter((parameter) => parameter.in === place && parameter.required === true)
          .map(({ name, schema }) => [name, typed(schema, known, name).map(String)]),
      ),
    );
  const body = requestBody?.content?.['application/json']?.schema;
  return fc.record({
    path: needed('path'),
    query: needed('query').map((values) => String(new URLSearchParams(values))),
    headers: needed('header'),
    payload: body === undefined ? fc.constant(undefined) : typed(body, known, '').map((good) => JSON.stringify(good)),
    contentType: fc.constant('application/json'),
  });
}

/** Usually the one, now and then the other. */
function mostly<A, B>(usual: fc.Arbitrary<A>, other: fc.Arbitrary<B>, weight = 12): fc.Arbitrary<A | B> {
  return fc.oneof({ arbitrary: usual, weight }, { arbitrary: other, weight: 1 });
}

function queryOf(parameters: readonly Parameter[], known: Known): fc.Arbitrary<string> {
  const pairs = parameters.map(({ name, required, schema }) => {
    const pair = value(schema, known, name).map((text) => [name, text] as const);
    return required === true ? mostly(pair, fc.constant(undefined)) : fc.option(pair, { nil: undefined, freq: 3 });
  });
  const more = mostly(fc.constant([]), fc.array(fc.tuple(hostileText, hostileText), { maxLength: 2 }), 5);
  return fc.tuple(fc.tuple(...pairs), more, mostly(fc.constant(false), fc.constant(true))).map(([given, extra, twice]) => {
    const all = [...given.filter((pair) => pair !== undefined), ...extra];
    return [...all, ...(twice ? all.slice(0, 1) : [])].map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
  });
}

function headersOf(parameters: readonly Parameter[], known: Known): fc.Arbitrary<Record<string, string>> {
  // What is not printable never reaches a server: no parser lets it through.
  const printable = fc.string({ maxLength: 40 });
  const entries = parameters.map(({ name, required, schema }) => {
    const text = mostly(typed(schema, known, name), printable).map(String);
    return [
      name.toLowerCase(),
      required === true ? mostly(text, fc.constant(undefined)) : fc.option(text, { nil: undefined }),
    ] as const;
  });
  return fc
    .record(Object.fromEntries(entries))
    .map((given) => Object.fromEntries(Object.entries(given).filter((pair): pair is [string, string] => pair[1] !== undefined)));
}

function bodyOf(schema: JsonSchema, known: Known): fc.Arbitrary<string> {
  const good = typed(schema, known, '').map((body) => JSON.stringify(body));
  const broken = fc.tuple(good, fc.nat(), hostileText).map(([text, at, junk]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + junk + text.slice(place);
  });
  return fc.oneof(
    { arbitrary: good, weight: 6 },
    { arbitrary: mutated(typed(schema, known, '')), weight: 4 },
    { arbitrary: broken, weight: 1 },
    { arbitrary: fc.json(), weight: 1 },
    { arbitrary: hostileText, weight: 1 },
  );
}

/** An object with a field gone, a field too many, or a field of another kind. */
function mutated(good: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  const change = fc.record({
    field: fc.nat(20),
    how: fc.constantFrom('drop', 'replace', 'add'),
    with: fc.jsonValue(),
    name: hostileText,
  });
  return fc.tuple(good, change).map(([body, { field, how, with: other, name }]) => {
    const fields = Object.entries(body as object);
    const at = field % Math.max(fields.length, 1);
    if (how === 'drop') fields.splice(at, 1);
    else if (how === 'add') fields.push([name, other]);
    else fields[at] = [fields[at]?.[0] ?? name, other];
    // Written by hand, so that "__proto__" is a field as any other, and one may be there twice.
    return `{${fields.map(([key, held]) => `${JSON.stringify(key)}:${JSON.stringify(held) ?? 'null'}`).join(',')}}`;
  });
}

const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '\u0000',
    '../../etc/passwd',
    "' OR 1=1 --",
    '-1',
    '1e309',
    'NaN',
    'null',
    '[object Object]',
    '%',
    '%zz',
  ),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    '9'.repeat(400),
    'a'.repeat(5_000),
    '\u{1f4a5}',
    '2024-02-30',
    '\r\nX-Injected: 1',
  ),
  fc.string({ unit: 'binary', maxLength: 30 }),
);

/** A text for a path or a query. */
function value(schema: JsonSchema, known: Known, name: string): fc.Arbitrary<string> {
  return mostly(typed(schema, known, name).map(String), hostileText);
}

/** What the schema allows; often something that the server knows. */
function typed(schema: JsonSchema, known: Known, name: string): fc.Arbitrary<unknown> {
  const {
    enum: choices,
    const: only,
    anyOf,
    type,
    default: usual,
  } = schema as {
    enum?: unknown[];
    const?: unknown;
    anyOf?: JsonSchema[];
    type?: string;
    default?: unknown;
  };
  if (choices !== undefined) return fc.constantFrom(...choices);
  if (only !== undefined) return fc.constant(only);
  if (anyOf !== undefined) return fc.oneof(...anyOf.map((one) => typed(one, known, name)));
  const here = known[name];
  switch (type) {
    case 'string':
      return here === undefined ? text(schema) : mostly(fc.constantFrom(...here), text(schema), 6);
    case 'integer':
      return fc.integer({ min: schema.minimum as number, max: schema.maximum as number });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'object':
      return objectOf(schema, known);
    default:
      throw new Error(`the fuzzer does not know the schema of "${name}" (default ${usual}): ${JSON.stringify(schema)}`);
  }
}

function objectOf(schema: JsonSchema, known: Known): fc.Arbitrary<unknown> {
  const { properties = {}, required = [] } = schema as { properties?: Record<string, JsonSchema>; required?: string[] };
  const fields = Object.entries(properties).map(([name, of]) => [name, typed(of, known, name)] as const);
  return fc.record(Object.fromEntries(fields), { requiredKeys: required as never[] });
}

const LOOKAHEAD = /^\^\(\?=[^)]*\)/;

/** What the generator cannot make by itself. */
const LOOKING = /\(\?[!=<]/;

function text({ pattern, format, maxLength, minLength, examples }: JsonSchema): fc.Arbitrary<string> {
  if (format === 'uuid') return fc.uuid();
  if (typeof pattern === 'string') {
    const whole = new RegExp(pattern, 'u');
    const begun = pattern.replace(LOOKAHEAD, '^');
    if (LOOKING.test(begun)) {
      const any = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter((made) => whole.test(made));
      return examples === undefined ? any : fc.oneof(any, fc.constantFrom(...(examples as string[])));
    }
    return fc.stringMatching(new RegExp(begun)).filter((made) => whole.test(made));
  }
  return fc.string({
    unit: 'binary',
    minLength: (minLength as number) ?? 0,
    maxLength: Math.min((maxLength as number) ?? 60, 60),
  });
}
