/** The time that every request takes. */

import type { FastifyInstance } from 'fastify';
import { histogram, type Metrics, SECONDS } from '../../metrics.ts';

export const HTTP_FAMILIES = {
  requests: histogram('tapedeck_http_request_seconds', 'One request, by the pattern of its route', SECONDS, [
    'method',
    'route',
    'status',
  ]),
};

/** Takes the time of every request that is answered, by the pattern of its route: paths have no end. Goes behind `knowRoutes`. */
export function timeRequests(server: FastifyInstance, metrics: Metrics): void {
  const { requests } = metrics.of(HTTP_FAMILIES);
  server.addHook('onResponse', (request, reply, done) => {
    const route = request.asked.path || 'unmatched';
    const status = String(reply.statusCode);
    requests.observe({ method: request.method, route, status }, reply.elapsedTime / 1_000);
    done();
  });
}
