/** Bodies: JSON in UTF-8, in which no member stands twice. What one program takes for the first, another takes for the last. */

import type { FastifyInstance } from 'fastify';
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
      if (error === null && hasMemberTwice(text, value)) {
        done(new Problem(400, 'invalid-request', 'The body has a member twice in one object.'));
      } else done(error, value);
    });
  });
}

function decoded(body: Buffer): string | undefined {
  try {
    return UTF_8.decode(body);
  } catch {
    return undefined;
  }
}

const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/g;

/** Were more members written than read? Outside of strings, each has a colon. */
function hasMemberTwice(text: string, value: unknown): boolean {
  const written = text.replaceAll(STRING, '').split(':').length - 1;
  return written !== countMembers(value);
}

function countMembers(value: unknown): number {
  let count = 0;
  const parts = [value];
  while (parts.length > 0) {
    const part = parts.pop();
    if (typeof part !== 'object' || part === null) continue;
    const members = Object.values(part);
    if (!Array.isArray(part)) count += members.length;
    for (const member of members) parts.push(member);
  }
  return count;
}
