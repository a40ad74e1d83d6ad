/** Requests that HTTP itself refuses, before anything is done with them. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIPv6 } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { invalidRequest, Problem, problemDocument } from './problem.ts';

/** Longest path with its query. */
const URL_LIMIT = 8 * 1024;
/** RFC 9110, 7.2, and RFC 3986, 3.2.2: a name or an address of version 4, or one of version 6; then a port. */
const HOST = /^(?:\[(?<v6>[^\]]*)\]|[\w.~!$&'()*+,;=%-]*)(?::(?<port>\d*))?$/;
const MOST_PORT = 65_535;
/** RFC 9112, 3.2.2: a target with its own scheme and host. */
const ABSOLUTE = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)/i;

/** Refuses what is too long, what names no host or two, and what expects more than an answer. */
export function refuseMalformed(server: FastifyInstance): void {
  server.addHook('onRequest', ({ raw }, _reply, done) => done(malformation(raw)));
  // Node's own answer has no body.
  server.server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const detail = 'Of the expectations that a request may have, the server knows "100-continue" alone.';
    const document = problemDocument(417, 'expectation-failed', detail, [{ path: 'Expect', message: 'is not known' }]);
    response.writeHead(417, { 'Content-Type': 'application/problem+json', Connection: 'close' }).end(JSON.stringify(document));
  });
}

function malformation(request: IncomingMessage): Problem | undefined {
  if ((request.url?.length ?? 0) > URL_LIMIT) {
    return new Problem(414, 'uri-too-long', `The path with its query is longer than ${URL_LIMIT / 1024} KiB.`);
  }
  return hostProblem(request);
}

/** What is no host could pass for one: one program reads its beginning, and another one its end. */
function hostProblem({ url = '', headers: { host }, rawHeaders, httpVersion }: IncomingMessage): Problem | undefined {
  if (host === undefined) {
    // HTTP/1.1 wants it.
    return httpVersion === '1.0' ? undefined : invalidRequest('The request has no Host header.', 'Host', 'is missing');
  }
  // Node keeps the first of them.
  if (countHosts(rawHeaders) > 1) {
    return invalidRequest('The request has more than one Host header.', 'Host', 'is there twice');
  }
  if (!isHost(host)) return invalidRequest('The Host header is no host with a port.', 'Host', 'is not valid');
  const target = ABSOLUTE.exec(url)?.[1];
  if (target === undefined || target.toLowerCase() === host.toLowerCase()) return undefined;
  return invalidRequest('The request names another host than its Host header.', 'Host', 'is another one');
}

function countHosts(rawHeaders: readonly string[]): number {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  return hosts;
}

function isHost(text: string): boolean {
  const groups = HOST.exec(text)?.groups;
  if (groups === undefined) return false;
  const { v6, port } = groups;
  return (v6 === undefined || isIPv6(v6)) && Number(port ?? 0) <= MOST_PORT;
}
