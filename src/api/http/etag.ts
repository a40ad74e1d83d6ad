/** Conditional reads: an answer is tagged by its content, and a client that has it already gets 304 in a few bytes. */

import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Tags every successful read of `server`'s routes. */
export function tagAnswers(server: FastifyInstance): void {
  server.addHook('onSend', (request, reply, payload, done) => {
    if (!isTaggable(request, reply, payload)) {
      done(null, payload);
      return;
    }
    const tag = tagOfAnswer(reply, payload);
    // A client's own cache may keep it, and asks each time whether it is unchanged.
    reply.header('ETag', tag).header('Cache-Control', 'private, no-cache');
    if (!names(request.headers['if-none-match'], tag)) {
      done(null, payload);
      return;
    }
    reply.code(304).removeHeader('Content-Type').removeHeader('Content-Length');
    // The framework takes the body from an answer to HEAD after this, and needs one for it.
    done(null, request.method === 'HEAD' ? payload : null);
  });
}

/** Tags an answer by the positions of its documents, which are shorter than the answer. */
export function tagAs(reply: FastifyReply, content: string): void {
  reply.header('ETag', hash('sha1', content, 'base64url'));
}

/** The tag of an answer, for a route that caches it and sets the header itself. */
export function tagOf(payload: string | Uint8Array): string {
  return `"${hash('sha1', payload, 'base64url')}"`;
}

/** A checksum in addition to the positions, which are those of one tape: it is the content that must be the same. */
function tagOfAnswer(reply: FastifyReply, payload: string | Uint8Array): string {
  const known = reply.getHeader('ETag');
  if (typeof known !== 'string') return tagOf(payload);
  return known.startsWith('"') ? known : `"${known}.${crc32(payload).toString(36)}.${payload.length}"`;
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
