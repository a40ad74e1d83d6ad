/** Who may call, and from where. Without API keys only programs on the same machine can reach the server. */

import { hash, timingSafeEqual } from 'node:crypto';
import { isIPv4 } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { UserError } from '../domain/user-error.ts';
import { HEALTH_PATHS } from './health.ts';
import { Problem } from './problem.ts';

/** `name` is recorded on the tape as the actor; `key` is the secret, and is never logged. */
export interface ApiKey {
  readonly name: string;
  readonly key: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks, as recorded on the tape: `api:<name of the key>`, or `api:local` where there are no keys. */
    actor: string;
  }
}

/** Thrown when the server would be open to everyone; says what to set. */
export class OpenServerError extends UserError {}

/** The address to listen on: `host`. Throws OpenServerError when it is not a loopback address and there are no API keys. */
export function bindHost(config: { readonly host: string; readonly apiKeys: readonly ApiKey[] }): string {
  if (config.apiKeys.length === 0 && !isLoopback(config.host)) {
    throw new OpenServerError(
      `HOST is "${config.host}", which other machines can reach, and there are no API keys: set TAPEDECK_API_KEYS, or HOST to 127.0.0.1`,
    );
  }
  return config.host;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'));
}

/** Refuses requests without a key (401) before anything else is done with them; the health routes need none. */
export function requireKey(server: FastifyInstance, apiKeys: readonly ApiKey[]): void {
  const known = apiKeys.map(({ name, key }) => ({ name, digest: digestOf(key) }));
  server.decorateRequest('actor', 'api:local');
  server.addHook('onRequest', async (request, reply) => {
    if (HEALTH_PATHS.has(request.routeOptions.url ?? '')) return;
    if (known.length === 0) {
      refuseForeignHost(request);
      return;
    }
    const name = nameOf(presentedKey(request), known);
    if (name === undefined) {
      reply.header('WWW-Authenticate', 'Bearer');
      throw new Problem(401, 'unauthorized', 'Send a known API key: "Authorization: Bearer KEY" or "X-API-Key: KEY".');
    }
    request.actor = `api:${name}`;
  });
}

/**
 * Without keys, a web page in a browser on this machine could reach the server under a name that its owner makes
 * resolve to 127.0.0.1; the Host header then has that name.
 */
function refuseForeignHost(request: FastifyRequest): void {
  if (isLoopback(request.hostname)) return;
  throw new Problem(403, 'foreign-host', 'Without API keys the server answers under localhost, 127.0.0.1 and [::1] only.');
}

function presentedKey(request: FastifyRequest): string | undefined {
  const { authorization, 'x-api-key': header } = request.headers;
  if (typeof header === 'string') return header;
  return authorization?.match(/^Bearer +(\S+) *$/i)?.[1];
}

/** Compares digests of one length, in constant time, with every known key. */
function nameOf(presented: string | undefined, known: readonly { name: string; digest: Uint8Array }[]): string | undefined {
  if (presented === undefined) return undefined;
  const digest = digestOf(presented);
  let found: string | undefined;
  for (const candidate of known) {
    if (timingSafeEqual(candidate.digest, digest)) found = candidate.name;
  }
  return found;
}

function digestOf(key: string): Uint8Array {
  return hash('sha256', key, 'buffer');
}
