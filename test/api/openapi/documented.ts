/** What the OpenAPI document says, and whether an answer keeps to it. */

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { FastifyInstance } from 'fastify';
import { isIsoTime } from '../../../src/domain/time.ts';

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: JsonSchema;
}

export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

interface Described {
  readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>>;
  readonly headers?: object;
}

export interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Described;
  readonly responses: Readonly<Record<string, Described | { readonly $ref: string }>>;
}

export interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly responses: Readonly<Record<string, Described>>;
  };
}

export interface Given {
  readonly status: number;
  readonly contentType: string;
  readonly body: unknown;
}

let known: Documented | undefined;

/** Holds answers to the document. */
export class Documented {
  readonly document: OpenApi;
  readonly #ajv = new Ajv2020({ strict: false, discriminator: true });
  readonly #compiled = new Map<object, ValidateFunction>();

  constructor(document: OpenApi) {
    this.document = document;
    this.#ajv.addFormat('uuid', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    this.#ajv.addFormat('date-time', isIsoTime);
    // The validator takes the types themselves for the mapping, which says the same.
    const components = JSON.parse(JSON.stringify(document.components), (key, part) => (key === 'mapping' ? undefined : part));
    this.#ajv.addSchema({ $id: 'https://tapedeck.invalid/', components });
  }

  /** Of every server of this build, as their routes are the same: to make it again would take most of a test's time. */
  static async of(server: FastifyInstance): Promise<Documented> {
    await server.ready();
    known ??= new Documented(server.swagger() as unknown as OpenApi);
    return known;
  }

  /** The operation that answers a method and a URL, if one does. */
  operation(method: string, url: string): Operation | undefined {
    const path = url.split('?')[0]?.split('/') ?? [];
    for (const [template, methods] of Object.entries(this.document.paths)) {
      const parts = template.split('/');
      const fits = parts.length === path.length && parts.every((part, n) => part.startsWith('{') || part === path[n]);
      if (fits) return methods[method.toLowerCase()];
    }
    return undefined;
  }

  /** Why the answer is not one that the document has; undefined when it is. */
  objection(operation: Operation, { status, contentType, body }: Given): string | undefined {
    const said = operation.responses[status];
    if (said === undefined) return `${operation.operationId} has no answer ${status}`;
    const routeSchema = '$ref' in said ? this.document.components.responses[said.$ref.split('/').at(-1) ?? ''] : said;
    const content = (routeSchema as Described).content;
    if (content === undefined) return body === undefined ? undefined : `${operation.operationId} ${status} has no body`;
    const schema = content[contentType.split(';')[0] ?? '']?.schema;
    if (schema === undefined) return `${operation.operationId} ${status} is not ${contentType}`;
    const validate = this.#validator(schema);
    if (validate(body)) return undefined;
    return `${operation.operationId} ${status} is not as routeSchema: ${this.#ajv.errorsText(validate.errors)} in ${JSON.stringify(body).slice(0, 2_000)}`;
  }

  #validator(schema: JsonSchema): ValidateFunction {
    const known = this.#compiled.get(schema);
    if (known !== undefined) return known;
    const text = JSON.stringify(schema).replaceAll('"#/components/', '"https://tapedeck.invalid/#/components/');
    const made = this.#ajv.compile(JSON.parse(text));
    this.#compiled.set(schema, made);
    return made;
  }
}
