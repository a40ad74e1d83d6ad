/** The web pages that may call from a browser (CORS): none, unless their origins are set. */

import type { FastifyInstance, FastifyReply } from 'fastify';

const SENT = 'Authorization, X-API-Key, Content-Type, Idempotency-Key, If-None-Match, traceparent';
/** Headers of answers that a page may read besides the few that it always may. */
const SHOWN =
  'Tapedeck-Position, ETag, Location, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, WWW-Authenticate';
/** How long a browser need not ask again. */
const MAX_AGE_S = 600;

/** Before the check of keys: a browser asks without one whether it may send one. */
export function allowOrigins(server: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  const allowed = new Set(origins);
  server.addHook('onRequest', (request, reply, done) => {
    reply.header('Vary', 'Origin');
    const { origin } = request.headers;
    if (origin === undefined || !allowed.has(origin)) {
      done();
      return;
    }
    reply.header('Access-Control-Allow-Origin', origin).header('Access-Control-Expose-Headers', SHOWN);
    if (request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined) answerPreflight(reply);
    else done();
  });
}

function answerPreflight(reply: FastifyReply): void {
  reply
    .header('Access-Control-Allow-Methods', 'GET, HEAD, POST, DELETE')
    .header('Access-Control-Allow-Headers', SENT)
    .header('Access-Control-Max-Age', String(MAX_AGE_S))
    .code(204)
    .send();
}
