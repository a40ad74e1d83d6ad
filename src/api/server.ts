/** The HTTP API: its routes, who may call them, and how every error is answered. It opens nothing; the caller listens. */

import { type FastifyInstance, fastify, type HTTPMethods, LogController } from 'fastify';
import { validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Time, Timer } from '../ports/clock.ts';
import { SettingsReader } from '../queries/settings-in-force.ts';
import type { ApiDependencies, ApiServer } from './dependencies.ts';
import { knowRoutes } from './http/asked-route.ts';
import { requireKey } from './http/auth.ts';
import { allowOrigins } from './http/cors.ts';
import { tagAnswers } from './http/etag.ts';
import { takeJson } from './http/json-body.ts';
import { KeyRing } from './http/key-ring.ts';
import { refuseMalformed } from './http/malformed.ts';
import { answerBrokenRequest, answerError, PATH_PART_LIMIT, Problem, problemDocument, sendProblem } from './http/problem.ts';
import { timeRequests } from './http/request-metrics.ts';
import { boundConnections } from './limits/connections.ts';
import { shedLoad } from './limits/load-shedding.ts';
import { limitRate, prepareRateLimit } from './limits/rate-limit.ts';
import { ABOUT, documentRoutes, watchRoutes } from './openapi/openapi.ts';
import { HEALTH, healthRoutes } from './routes/health.ts';
import { metricsRoute } from './routes/metrics.ts';
import { type GroupTag, tagRoutes } from './routes/route-group.ts';
import { ROUTE_GROUPS } from './routes/routes.ts';

/** Largest body; requests are small. */
const BODY_LIMIT = 64 * 1024;
/** Longest request line with all headers; answered with 431 by the parser. */
const HEADER_LIMIT = 16 * 1024;
/** A client that has said what it wants says so at once. */
const HEADERS_MS = 10_000;
/** How often connections are looked at, at least, for requests that do not come: well before one is cut off as idle. */
const LOOK_MS = 1_000;

/** Builds the server with all its routes. `listen` on it with the address that `bindHost` gives. */
export function buildServer(deps: ApiDependencies): FastifyInstance {
  const { requestMs } = deps.timeouts;
  const server = fastify({
    ...(deps.logger === undefined ? { logger: false } : { loggerInstance: deps.logger }),
    // A line for each request would drown what matters; failures are logged where they are answered.
    logController: new LogController({ disableRequestLogging: true }),
    // Nor is one made for each: what is logged of a request says which it was.
    childLoggerFactory: (logger) => logger,
    bodyLimit: BODY_LIMIT,
    routerOptions: { maxParamLength: PATH_PART_LIMIT },
    // A request that has not been received whole by then is cut off, and answered with 408.
    requestTimeout: requestMs,
    // So is a client that takes nothing of its answer.
    connectionTimeout: 2 * requestMs,
    http: {
      maxHeaderSize: HEADER_LIMIT,
      headersTimeout: Math.min(HEADERS_MS, requestMs),
      connectionsCheckingInterval: Math.min(LOOK_MS, Math.ceil(requestMs / 4)),
      // Node's own answer has no body.
      requireHostHeader: false,
    },
    return503OnClosing: false,
    // Closing ends idle connections at once; those with a request in flight get their answer.
    forceCloseConnections: 'idle',
    frameworkErrors: answerError,
    clientErrorHandler: (error, socket) => answerBrokenRequest(deps.time, error, socket),
  });
  takeJson(server);
  server.setValidatorCompiler(validatorCompiler);
  server.setErrorHandler(answerError);
  server.setNotFoundHandler(({ method, url }, reply) =>
    sendProblem(
      reply,
      METHODS.has(method)
        ? problemDocument(404, 'not-found', `There is no route ${method} ${url.split('?')[0]}.`)
        : problemDocument(501, 'not-implemented', `${method} is a method that no route here has.`),
    ),
  );
  knowRoutes(server);
  timeRequests(server, deps.metrics);
  refuseMalformed(server);
  allowOrigins(server, deps.corsOrigins ?? []);
  requireKey(server, keyRing(deps));
  boundConnections(server, deps.metrics, {
    descriptors: deps.descriptors ?? Number.POSITIVE_INFINITY,
    holderOf: ({ asked, actor }) => (asked.isPublic ? null : actor),
  });
  shedLoad(server, deps.metrics, deps.time);
  finishBeforeClosing(server, deps.time, deps.timeouts.closeMs);
  prepareRateLimit(server, deps.rateLimit ?? Number.MAX_SAFE_INTEGER);
  watchRoutes(server, [...ROUTE_GROUPS, HEALTH, ABOUT]);
  server.register((scope, _options, done) => {
    addRoutes(scope.withTypeProvider<ZodTypeProvider>(), deps);
    done();
  });
  return server;
}

/** Before it is known where the read models lie, the server listens, for the probes, and everything else is 503. */
export function waitForReadModels(server: FastifyInstance, areKnown: () => boolean): void {
  server.addHook('onRequest', (request, _reply, done) => {
    if (areKnown() || !request.url.startsWith('/v1/')) return done();
    done(new Problem(503, 'starting', 'The server is starting, or waiting for a store: see /readyz.'));
  });
}

function addRoutes(server: ApiServer, deps: ApiDependencies): void {
  const methods = methodsByPath(server);
  limitRate(server);
  addGroup(server, HEALTH, (routes) => {
    healthRoutes(routes, deps.health);
    metricsRoute(routes, deps);
  });
  addGroup(server, ABOUT, documentRoutes);
  const settings = new SettingsReader(deps.events, deps.time);
  for (const group of ROUTE_GROUPS) {
    addGroup(server, group, (routes) => {
      tagAnswers(routes);
      group.addRoutes(routes, deps, settings);
    });
  }
  server.register((scope, _options, done) => {
    refuseOtherMethods(scope, methods);
    done();
  });
}

/** Adds the routes of a group in a scope of their own, so that its hooks are for them alone. */
function addGroup(server: ApiServer, tag: GroupTag, add: (routes: ApiServer) => void): void {
  server.register((scope, _options, done) => {
    const routes = scope.withTypeProvider<ZodTypeProvider>();
    tagRoutes(routes, tag);
    add(routes);
    done();
  });
}

function keyRing({ apiKeys, keyFolder, time, logger }: ApiDependencies): KeyRing {
  return new KeyRing({ apiKeys, keyFolder }, time, (trouble) => logger?.error(trouble, 'API keys cannot be read'));
}

/**
 * What was accepted gets its answer, and its connection ends with it; a client that does not send or take the rest is
 * cut off after `closeMs`, as nothing else watches it while the server closes.
 */
function finishBeforeClosing(server: FastifyInstance, time: Time, closeMs: number): void {
  let isClosing = false;
  let cutOff: Timer | undefined;
  server.addHook('preClose', async () => {
    isClosing = true;
    cutOff = time.after(closeMs, () => server.server.closeAllConnections());
  });
  server.addHook('onClose', async () => cutOff?.cancel());
  server.addHook('onSend', (_request, reply, payload, done) => {
    if (isClosing) reply.header('Connection', 'close');
    done(null, payload);
  });
}

/** Collects, while routes are added, the methods that each path has. */
function methodsByPath(server: FastifyInstance): Map<string, Set<string>> {
  const methods = new Map<string, Set<string>>();
  server.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set();
    for (const one of [method].flat()) known.add(one);
    methods.set(url, known);
  });
  return methods;
}

/** Those that a route may have. */
const METHODS: ReadonlySet<string> = new Set<HTTPMethods>([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'QUERY',
]);

/** 405, with what is allowed, where a path is known and the method is not. */
function refuseOtherMethods(server: FastifyInstance, methods: ReadonlyMap<string, ReadonlySet<string>>): void {
  for (const [url, known] of [...methods]) {
    // The page for people is made of files; its own routes know what they answer.
    if (url.startsWith('/docs')) continue;
    const allowed = [...known].sort().join(', ');
    const refuse = [...METHODS].filter((method) => !known.has(method));
    server.route({
      method: refuse,
      url,
      schema: { hide: true },
      // Before the body is read, whatever it is.
      onRequest: async (request, reply) => {
        reply.header('Allow', allowed);
        throw new Problem(405, 'method-not-allowed', `${request.method} is not allowed here; use one of: ${allowed}.`);
      },
      handler: () => undefined,
    });
  }
}
