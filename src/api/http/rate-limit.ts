/** How many requests one API key may make in a second. Programs on the same machine, without keys, are not limited. */

import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import { Problem } from './problem.ts';

const WINDOW_MS = 1_000;
/** Counted at once; of more keys than this the one that called longest ago is forgotten. */
const MOST_KEYS = 1_000;

/** Adds `server.rateLimit`, for `limitRate`. */
export function prepareRateLimit(server: FastifyInstance, perSecond: number): void {
  server.register(rateLimit, {
    global: false,
    max: perSecond,
    timeWindow: WINDOW_MS,
    cache: MOST_KEYS,
    // RateLimit-Limit, -Remaining and -Reset, as the draft of the IETF names them.
    enableDraftSpec: true,
    keyGenerator: (request) => request.actor,
    errorResponseBuilder: () =>
      new Problem(
        429,
        'rate-limited',
        `Rate limit exceeded: each API key may make ${perSecond} requests a second. Wait, then slow down.`,
      ),
  });
}

/** Limits the routes of `server`: 429 with `Retry-After` beyond the limit. */
export function limitRate(server: FastifyInstance): void {
  const limit = server.rateLimit();
  server.addHook('onRequest', (request, reply, done) => {
    if (request.keyName === null) done();
    else limit.call(server, request, reply).then(() => done(), done);
  });
}
