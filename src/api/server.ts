/** The HTTP API: its routes, who may call them, and how every error is answered. It opens nothing; the caller listens. */

import { type FastifyInstance, fastify, type HTTPMethods, LogController } from 'fastify';
import { validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { accountRoutes } from './accounts.ts';
import { requireKey } from './auth.ts';
import type { ApiDependencies } from './dependencies.ts';
import { eventRoutes } from './events.ts';
import { haltRoutes } from './halts.ts';
import { healthRoutes } from './health.ts';
import { marketRoutes } from './market.ts';
import { orderRoutes } from './orders.ts';
import { answerBrokenRequest, answerError, Problem, problemDocument, sendProblem } from './problem.ts';
import { SettingsReader } from './settings-reader.ts';
import { signalRoutes } from './signals.ts';

/** Largest body; requests are small. */
const BODY_LIMIT = 64 * 1024;
/** A request that has not been received whole by then is cut off. */
const REQUEST_TIMEOUT_MS = 30_000;

/** Builds the server with all its routes. `listen` on it with the address that `bindHost` gives. */
export function buildServer(deps: ApiDependencies): FastifyInstance {
  const server = fastify({
    ...(deps.logger === undefined ? { logger: false } : { loggerInstance: deps.logger }),
    // A line for each request would drown what matters; failures are logged where they are answered.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Closing ends idle connections at once; those with a request in hand get their answer.
    forceCloseConnections: 'idle',
    frameworkErrors: answerError,
    clientErrorHandler: answerBrokenRequest,
  }).withTypeProvider<ZodTypeProvider>();
  // JSON only: a form on a web page could send plain text here without being asked (CORS).
  server.removeContentTypeParser('text/plain');
  server.setValidatorCompiler(validatorCompiler);
  server.setErrorHandler(answerError);
  server.setNotFoundHandler((request, reply) =>
    sendProblem(reply, problemDocument(404, 'not-found', `There is no route ${request.method} ${request.url.split('?')[0]}.`)),
  );
  requireKey(server, deps.apiKeys);

  const methods = methodsByPath(server);
  healthRoutes(server, deps.health);
  const settings = new SettingsReader(deps.events);
  marketRoutes(server, deps, settings);
  eventRoutes(server, deps);
  signalRoutes(server, deps);
  orderRoutes(server, deps, settings);
  accountRoutes(server, deps, settings);
  haltRoutes(server, deps, settings);
  refuseOtherMethods(server, methods);
  return server;
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

const METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** 405, with what is allowed, where a path is known and the method is not. */
function refuseOtherMethods(server: FastifyInstance, methods: ReadonlyMap<string, ReadonlySet<string>>): void {
  for (const [url, known] of [...methods]) {
    const allowed = [...known].sort().join(', ');
    const refuse = METHODS.filter((method) => !known.has(method));
    server.route({
      method: refuse,
      url,
      // Before the body is read, whatever it is.
      onRequest: async (request, reply) => {
        reply.header('Allow', allowed);
        throw new Problem(405, 'method-not-allowed', `${request.method} is not possible here; ${allowed} is.`);
      },
      handler: () => undefined,
    });
  }
}
