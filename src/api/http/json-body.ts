/** Bodies: JSON in UTF-8, in which no member stands twice. */

import type { FastifyInstance } from 'fastify';
import { memberTwice } from '../../json-text.ts';
import { Problem } from './problem.ts';

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Takes JSON alone: a form on a web page could send plain text here without being asked (CORS). */
export function takeJson(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeContentTypeParser(['text/plain', 'application/json']);
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    const text = decoded(body);
    if (text === undefined) {
      done(new Problem(400, 'invalid-request', 'The body is not valid UTF-8.'));
      return;
    }
    void parse(request, text, (error, value) => {
      if (error === null && memberTwice(text) !== undefined) {
        done(new Problem(400, 'invalid-request', 'The body has a member twice in one object.'));
      } else done(error !== null && isJson(text) ? new Problem(400, 'invalid-request', POISONED) : error, value);
    });
  });
}

/** JSON that the parser refuses all the same. */
const POISONED = 'The body has a member "__proto__", or a member "prototype" of a "constructor", which no request has.';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function decoded(body: Buffer): string | undefined {
  try {
    return UTF_8.decode(body);
  } catch {
    return undefined;
  }
}
