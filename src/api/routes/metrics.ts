/** `GET /metrics`, for Prometheus, and the time that every request takes. It needs no key: no secret is in it. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { METRICS_CONTENT_TYPE, metricsText } from '../../metrics.ts';
import type { ApiDependencies, ApiServer } from '../dependencies.ts';
import { METRICS_PATH } from '../http/public-paths.ts';
import { routeSchema } from '../http/route-schema.ts';

/** The part of the dependencies that figures go to and come from. */
type Figures = Pick<ApiDependencies, 'metrics' | 'otherMetrics'>;

/** Takes the time of every request that is answered, by the pattern of its route: paths have no end. */
export function timeRequests(server: FastifyInstance, { metrics }: Figures): void {
  server.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unmatched';
    const status = String(reply.statusCode);
    metrics.http.observe({ method: request.method, route, status }, reply.elapsedTime / 1_000);
    done();
  });
}

export function metricsRoute(server: ApiServer, figures: Figures): void {
  const about = routeSchema(
    {
      id: 'getMetrics',
      summary: 'Figures for Prometheus',
      answers: { 200: { description: 'In its text format.', schema: z.string(), contentType: 'text/plain' } },
    },
    {},
  );
  server.get(METRICS_PATH, about, async (_request, reply) => {
    reply.header('Cache-Control', 'no-store').type(METRICS_CONTENT_TYPE);
    return metricsText([...(await others(figures)), await figures.metrics.snapshot()]);
  });
}

/** A thread that does not answer is when the figures of this one are needed. */
async function others({ metrics, otherMetrics }: Figures) {
  try {
    return (await otherMetrics?.()) ?? [];
  } catch {
    metrics.collectFailures.inc({ source: 'main thread' });
    return [];
  }
}
