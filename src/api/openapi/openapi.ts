/**
 * The OpenAPI document at `/openapi.json`, made from the very schemas that requests are checked with and from what the
 * routes say of themselves; and its page for people at `/docs`, which needs nothing from elsewhere.
 */

import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import {
  assetText,
  decimalText,
  idText,
  isoTimeText,
  nameText,
  nonNegativeDecimal,
  positiveDecimal,
  symbolText,
  venueText,
} from '../../domain/event.ts';
import { askedId, limit, limitForClients } from '../http/query.ts';
import type { GroupTag } from '../routes/route-group.ts';
import { type About, routeSchema } from '../routes/route-schema.ts';
import { indexRoute } from './index-route.ts';
import { type OpenApiDocument, withCommonParts } from './openapi-common.ts';

/** The group of the document's own route. */
export const ABOUT: GroupTag = { name: 'about', description: 'This document' };

const DESCRIPTION = `Lists are \`{ "data": [...], "next": cursor or null }\`, newest first unless \`order=asc\`. Times are
ISO 8601 UTC; prices and quantities are decimal numbers in strings. Every error is a problem document (RFC 9457) whose
\`errors\` name each field that is wrong. Every read says in \`Tapedeck-Position\` which position of the tape it reflects,
and waits for one with \`min-position\`.`;

/** The page takes nothing from elsewhere, talks to nobody else, and stands in no other page. */
const PAGE_POLICY =
  "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** All problems have one shape, which the first of them shows: of the others their meaning is enough. */
const PROBLEM_ROWS = ['[data-code^="4"]:not([data-code="400"])', '[data-code^="5"]'].map((codes) => `tr.response${codes}`);
const PROBLEMS_CSS = PROBLEM_ROWS.flatMap((row) => [`${row} .model-example`, `${row} .response-controls`])
  .map((part) => `${part} { display: none; }`)
  .join('\n');

/** Examples of schemas, and the patterns of those whose rule is a function, which zod cannot describe. */
const UNSAID = new Map<unknown, object>([
  [decimalText, { pattern: '^-?(0|[1-9]\\d{0,29})(\\.\\d{1,24})?$', examples: ['-12.5'] }],
  [nonNegativeDecimal, { pattern: '^(0|[1-9]\\d{0,29})(\\.\\d{1,24})?$', examples: ['12.5'] }],
  [positiveDecimal, { pattern: '^(?=.*[1-9])(0|[1-9]\\d{0,29})(\\.\\d{1,24})?$', examples: ['12.5'] }],
  [limit, limitForClients],
  [assetText, { examples: ['USDT'] }],
  [idText, { examples: ['bf00b95d-fed3-5da5-b265-f6941ef09958'] }],
  [askedId, { examples: ['bf00b95d-fed3-5da5-b265-f6941ef09958'] }],
  [nameText, { examples: ['paper-binance'] }],
  [symbolText, { examples: ['BTCUSDT'] }],
  [venueText, { examples: ['binance'] }],
  [isoTimeText, { format: 'date-time', examples: ['2024-08-08T23:54:15.208Z'] }],
]);

const zodToJsonConfig = {
  override: ({ zodSchema, jsonSchema }: { zodSchema: unknown; jsonSchema: Record<string, unknown> }) => {
    if (zodSchema === limit) for (const keyword of Object.keys(jsonSchema)) delete jsonSchema[keyword];
    Object.assign(jsonSchema, UNSAID.get(zodSchema));
  },
};

const transformRoute = createJsonSchemaTransform({ zodToJsonConfig });
const transformDocument = createJsonSchemaTransformObject({ zodToJsonConfig });

/** Watches the routes that are added from here on, each in one of `groups`; the document is made when it is first asked for. */
export function watchRoutes(server: FastifyInstance, groups: readonly GroupTag[]): void {
  const aboutOperations = new Map<string, About>();
  server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tapedeck',
        version: '1',
        description: DESCRIPTION,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: groups.map(({ name, description }) => ({ name, description })),
      security: [{ bearer: [] }, { header: [] }],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          header: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        },
      },
    },
    transform: (document) => {
      const { about } = document.route.config ?? {};
      if (about !== undefined) aboutOperations.set(about.id, about);
      // Fastify itself is not told of the answers: it would then check and build each one by its schema.
      const response = about === undefined ? undefined : responsesOf(about);
      return transformRoute({ ...document, schema: { ...document.schema, response } });
    },
    transformObject: (document) => withCommonParts(transformDocument(document) as OpenApiDocument, aboutOperations),
  });
}

function responsesOf({ answers }: About) {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, schema, contentType = 'application/json' }]) => [
      status,
      { description, content: { [contentType]: { schema } } },
    ]),
  );
}

/** `GET /`, `GET /openapi.json`, and the page at `/docs`. */
export function documentRoutes(server: FastifyInstance): void {
  indexRoute(server);
  const about = routeSchema(
    {
      id: 'getOpenApi',
      summary: 'This document',
      answers: { 200: { description: 'OpenAPI 3.1.', schema: z.looseObject({ openapi: z.string() }) } },
    },
    {},
  );
  // The same bytes for everybody: of a text each answer would have a copy.
  let document: Buffer | undefined;
  server.get('/openapi.json', about, async (_request, reply) => {
    document ??= Buffer.from(JSON.stringify(server.swagger()));
    return reply.type('application/json; charset=utf-8').send(document);
  });
  server.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: PAGE_POLICY,
    // The default asks a server on the internet whether the document is valid.
    uiConfig: { deepLinking: true, defaultModelsExpandDepth: 0, validatorUrl: null },
    theme: { title: 'Tapedeck API', css: [{ filename: 'problems.css', content: PROBLEMS_CSS }] },
  });
}
