/** The probes of a process that serves no API: health and metrics only. */

import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify';
import { validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Metrics } from '../metrics.ts';
import type { Health } from './dependencies.ts';
import { answerError, problemDocument, sendProblem } from './http/problem.ts';
import { healthRoutes } from './routes/health.ts';
import { metricsRoute } from './routes/metrics.ts';

export interface ProbeDependencies {
  readonly health: Health;
  readonly metrics: Metrics;
  readonly logger: FastifyBaseLogger;
}

/** Builds the server with `/livez`, `/readyz`, `/startupz` and `/metrics`, which need no key. */
export function buildProbeServer({ health, metrics, logger }: ProbeDependencies): FastifyInstance {
  const server = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    bodyLimit: 1_024,
    frameworkErrors: answerError,
  });
  server.setValidatorCompiler(validatorCompiler);
  server.setErrorHandler(answerError);
  server.setNotFoundHandler((_request, reply) =>
    sendProblem(reply, problemDocument(404, 'not-found', 'This process serves no API: run one with the role "api".')),
  );
  healthRoutes(server, health);
  metricsRoute(server.withTypeProvider<ZodTypeProvider>(), { metrics });
  return server;
}
