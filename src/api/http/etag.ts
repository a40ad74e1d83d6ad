/**
 * Conditional reads: an answer is tagged by its content, and a client that has it already gets 304 in a few bytes. The bytes
 * and the tag are kept as long as the read store keeps the texts that they are made of.
 */

import { hash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const JSON_TYPE = 'application/json; charset=utf-8';

/** The bytes of an answer, and its tag. */
interface Answer {
  readonly body: Buffer;
  readonly tag: string;
}

/** Answers by what they are made of, and by the subject of the read: one page of rows may stand in answers of several routes. */
const answers = new WeakMap<object, Map<string, Answer>>();

/** Tags every successful read of `server`'s routes. */
export function tagAnswers(server: FastifyInstance): void {
  server.addHook('onSend', (request, reply, payload, done) => {
    if (!isTaggable(request, reply, payload)) {
      done(null, payload);
      return;
    }
    // A client's own cache may keep it, and asks each time whether it is unchanged.
    reply.header('Cache-Control', 'private, no-cache');
    const tag = tagOfAnswer(reply, payload);
    if (!names(request.headers['if-none-match'], tag)) {
      done(null, payload);
      return;
    }
    reply.code(304).removeHeader('Content-Type').removeHeader('Content-Length');
    // The framework takes the body from an answer to HEAD after this, and needs one for it.
    done(null, request.method === 'HEAD' ? payload : null);
  });
}

function tagOf(payload: string | Uint8Array): string {
  return `"${hash('sha1', payload, 'base64url')}"`;
}

/**
 * The JSON that `make` makes of `texts`, with its tag in the reply's header. The read store hands out the same object as
 * long as nothing is committed.
 */
export function answerKept(reply: FastifyReply, texts: object, subject: string, make: () => string): Buffer {
  let known = answers.get(texts);
  if (known === undefined) {
    known = new Map();
    answers.set(texts, known);
  }
  let answer = known.get(subject);
  if (answer === undefined) {
    const body = Buffer.from(make());
    answer = { body, tag: tagOf(body) };
    known.set(subject, answer);
  }
  reply.header('Content-Type', JSON_TYPE).header('ETag', answer.tag);
  return answer.body;
}

/** The tag in the reply's header, which is put there if it is not. */
function tagOfAnswer(reply: FastifyReply, payload: string | Uint8Array): string {
  const known = reply.getHeader('ETag');
  if (typeof known === 'string') return known;
  const tag = tagOf(payload);
  reply.header('ETag', tag);
  return tag;
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
