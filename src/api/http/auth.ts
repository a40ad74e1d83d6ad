/** Authentication and scopes. Without API keys only programs on the same machine are served. */

import { isIPv4 } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RESERVED_NAME, readKeys } from '../../config/api-keys.ts';
import { UserError } from '../../domain/user-error.ts';
import type { KeyRing, KeySources } from './key-ring.ts';
import { Problem } from './problem.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The actor of a request, as recorded on the tape: `api:<name of the key>`, or `api:local` where there are no keys. */
    actor: string;
    /** The name of the API key, which stays when the key is replaced; null where there are no keys. */
    keyName: string | null;
  }
}

/** The actor where there are no keys. */
const LOCAL_ACTOR = `api:${RESERVED_NAME}`;

/** Thrown when the server would be open to everyone; says what to set. */
export class OpenServerError extends UserError {}

/**
 * The address to listen on: `host`. Throws OpenServerError when it is not a loopback address and there are no API
 * keys, and ApiKeyError when nobody can tell.
 */
export async function bindHost(config: { readonly host: string } & KeySources): Promise<string> {
  const { host, apiKeys, keyFolder } = config;
  if (apiKeys.length > 0 || isLoopback(host)) return host;
  const kept = keyFolder === undefined ? [] : (await readKeys(keyFolder)).keys;
  if (kept.length > 0) return host;
  throw new OpenServerError(
    `HOST is "${host}", which other machines can reach, and there are no API keys: make a key with "./tapedeck keys add", set TAPEDECK_API_KEYS, or set HOST to 127.0.0.1`,
  );
}

/** Is it a name or an address of this machine alone? Names have no case, and may end with the dot of the root. */
export function isLoopback(name: string): boolean {
  const host = name.toLowerCase().replace(/\.$/, '');
  return host === 'localhost' || host === '::1' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'));
}

/** Methods that change nothing. */
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses requests without a good key (401), and those that want to change something with a key that only reads (403),
 * before anything else is done with them. Public paths need no key, but where there are no keys they are for this
 * machine alone as well: they tell of accounts and strategies. The cluster's probes are for anybody. Goes behind `knowRoutes`.
 */
export function requireKey(server: FastifyInstance, keys: KeyRing): void {
  server.decorateRequest('actor', LOCAL_ACTOR);
  server.decorateRequest('keyName', null);
  server.addHook('onRequest', (request, reply, done) => {
    const { isHealth, isPublic } = request.asked;
    if (isHealth) {
      done();
      return;
    }
    const check = () => {
      if (!keys.isRequired) refuseForeigners(request);
      else if (!isPublic) admit(request, reply, keys);
      done();
    };
    const refreshed = keys.refresh();
    // A promise for each request would cost more than the check.
    if (refreshed === undefined) tryTo(check, done);
    else refreshed.then(() => tryTo(check, done), isPublic ? () => tryTo(check, done) : done);
  });
}

function tryTo(check: () => void, done: (error: Error) => void): void {
  try {
    check();
  } catch (error) {
    done(error as Error);
  }
}

function admit(request: FastifyRequest, reply: FastifyReply, keys: KeyRing): void {
  const presented = presentedKey(request);
  const key = presented === undefined ? undefined : keys.find(presented);
  if (key === undefined) {
    reply.header('WWW-Authenticate', 'Bearer');
    const [path, message] =
      presented === undefined ? ['Authorization', 'is missing'] : [keyHeader(request), 'is not a known key'];
    throw new Problem(401, 'unauthorized', 'Send a known API key: "Authorization: Bearer KEY" or "X-API-Key: KEY".', [
      { path, message },
    ]);
  }
  if (keys.isOver(key)) {
    reply.header('WWW-Authenticate', 'Bearer error="invalid_token"');
    throw new Problem(401, 'key-expired', `The API key "${key.name}" has expired: ask for a new one.`, [
      { path: keyHeader(request), message: 'has expired' },
    ]);
  }
  if (key.scope === 'read' && !READING.has(request.method)) {
    throw new Problem(
      403,
      'insufficient-scope',
      `The API key "${key.name}" is read-only: ${request.method} needs a key with the scope "trade".`,
      [{ path: keyHeader(request), message: 'is read-only' }],
    );
  }
  request.actor = `api:${key.name}`;
  request.keyName = key.name;
}

/**
 * Without keys, a web page in a browser on this machine could reach the server under a name that its owner makes
 * resolve to 127.0.0.1; the Host header then has that name. And should the server be bound to another address, whoever
 * comes from another machine is refused.
 */
export function refuseForeigners(request: FastifyRequest): void {
  if (!isLoopback(request.ip.replace(/^::ffff:/, ''))) {
    throw new Problem(403, 'foreign-host', 'Without API keys the server answers only programs on the same machine.');
  }
  if (isLoopback(request.hostname)) return;
  throw new Problem(
    403,
    'foreign-host',
    'Without API keys the server answers only under the names localhost, 127.0.0.1 and [::1].',
    [{ path: 'Host', message: 'is another name' }],
  );
}

/** The header that a key came in. */
function keyHeader(request: FastifyRequest): string {
  return typeof request.headers['x-api-key'] === 'string' ? 'X-API-Key' : 'Authorization';
}

function presentedKey(request: FastifyRequest): string | undefined {
  const { authorization, 'x-api-key': header } = request.headers;
  if (typeof header === 'string') return header;
  return authorization?.match(/^Bearer +(\S+) *$/i)?.[1];
}
