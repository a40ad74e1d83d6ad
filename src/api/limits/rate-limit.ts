/** How many requests one API key, or one address without a key, may make in a second. Programs on the same machine, without keys, are not limited. */

import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import { Problem } from '../http/problem.ts';

const WINDOW_MS = 1_000;
/** Pages, files and metrics for one address: a page has a handful of files. */
const PUBLIC_PER_SECOND = 100;
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
    errorResponseBuilder: () => rateLimited(`each API key may make ${perSecond} requests a second`),
  });
}

/**
 * Limits the routes of `server`: 429 with `Retry-After` beyond the limit. Halts are counted apart. What needs no key is
 * limited by address, but for the cluster's probes.
 */
export function limitRate(server: FastifyInstance): void {
  const byKey = server.rateLimit();
  // A key that is at its limit with whatever else may still stop trading.
  const halts = server.rateLimit({});
  const byAddress = server.rateLimit({
    max: PUBLIC_PER_SECOND,
    keyGenerator: ({ ip }) => ip,
    errorResponseBuilder: () => rateLimited(`each address may ask ${PUBLIC_PER_SECOND} times a second for what needs no key`),
  });
  server.addHook('onRequest', (request, reply, done) => {
    const { isHealth, isPublic, isHalt } = request.asked;
    if (isHealth || (request.keyName === null && !isPublic)) return done();
    const ofKey = isHalt ? halts : byKey;
    const limit = isPublic ? byAddress : ofKey;
    limit.call(server, request, reply).then(() => done(), done);
  });
}

function rateLimited(rule: string): Problem {
  return new Problem(429, 'rate-limited', `Rate limit exceeded: ${rule}. Wait, then slow down.`);
}
