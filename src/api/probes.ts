/** The probes of a process that serves no API: health and metrics only. */

import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify';
import { validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Metrics } from '../metrics.ts';
import type { Time } from '../ports/clock.ts';
import type { Health } from './dependencies.ts';
import { refuseForeigners } from './http/auth.ts';
import { refuseMalformed } from './http/malformed.ts';
import { answerBrokenRequest, answerError, problemDocument, sendProblem } from './http/problem.ts';
import { METRICS_PATH } from './http/public-paths.ts';
import { boundConnections } from './limits/connections.ts';
import { healthRoutes } from './routes/health.ts';
import { metricsRoute } from './routes/metrics.ts';

export interface ProbeDependencies {
  readonly health: Health;
  readonly metrics: Metrics;
  readonly logger: FastifyBaseLogger;
  readonly time: Time;
  /** How many files and connections the process may have open. */
  readonly descriptors: number;
  /** It is bound to this machine alone, and so are its figures: no web page reaches them under another name. */
  readonly isLocal: boolean;
}

/** A request has no body, and comes whole at once. */
const REQUEST_MS = 10_000;
/** How often connections are looked at for requests that do not come. */
const LOOK_MS = 1_000;

/** Builds the server with `/livez`, `/readyz`, `/startupz` and `/metrics`, which need no key. */
export function buildProbeServer({ health, metrics, logger, isLocal, time, descriptors }: ProbeDependencies): FastifyInstance {
  const server = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    bodyLimit: 1_024,
    requestTimeout: REQUEST_MS,
    connectionTimeout: 2 * REQUEST_MS,
    // Node's own answer has no body.
    http: { requireHostHeader: false, headersTimeout: REQUEST_MS, connectionsCheckingInterval: LOOK_MS },
    clientErrorHandler: (error, socket) => answerBrokenRequest(time, error, socket),
    frameworkErrors: answerError,
  });
  refuseMalformed(server);
  boundConnections(server, metrics, { descriptors, holderOf: () => null });
  server.setValidatorCompiler(validatorCompiler);
  server.setErrorHandler(answerError);
  server.setNotFoundHandler((_request, reply) =>
    sendProblem(reply, problemDocument(404, 'not-found', 'This process serves no API: run one with the role "api".')),
  );
  healthRoutes(server, health);
  if (isLocal) {
    server.addHook('onRequest', async (request) => {
      if (request.routeOptions.url === METRICS_PATH) refuseForeigners(request);
    });
  }
  metricsRoute(server.withTypeProvider<ZodTypeProvider>(), { metrics });
  return server;
}
