/** Reads that are repeated: an answer is tagged by its content, and who has it already is told so in a few bytes (304). */

import { hash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Tags every successful read of `server`'s routes. */
export function tagAnswers(server: FastifyInstance): void {
  server.addHook('onSend', (request, reply, payload, done) => {
    if (!isTaggable(request, reply, payload)) {
      done(null, payload);
      return;
    }
    const tag = `"${hash('sha1', payload, 'base64url')}"`;
    // A cache may keep it for whom it was made for, and asks each time whether it still holds.
    reply.header('ETag', tag).header('Cache-Control', 'private, no-cache');
    if (!names(request.headers['if-none-match'], tag)) {
      done(null, payload);
      return;
    }
    reply.code(304).removeHeader('Content-Type').removeHeader('Content-Length');
    done(null, null);
  });
}

function isTaggable(request: FastifyRequest, reply: FastifyReply, payload: unknown): payload is string | Uint8Array {
  const { method } = request;
  if ((method !== 'GET' && method !== 'HEAD') || reply.statusCode !== 200) return false;
  return typeof payload === 'string' || payload instanceof Uint8Array;
}

/** Is the tag among those of `If-None-Match`? Compared weakly, as RFC 9110 wants it for reads. */
function names(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((known) => known.trim().replace(/^W\//, '') === tag);
}
