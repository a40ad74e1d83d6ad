/**
 * Load shedding: how many requests may be in flight at once. Beyond that the server refuses at once, instead of keeping
 * requests and answers until memory is full. Requests that change something have a limit of their own, so that a flood
 * of reads keeps nobody from halting. The probes and the metrics always pass: they matter most under load.
 */

import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../../metrics.ts';
import { Problem } from './problem.ts';
import { HEALTH_PATHS, METRICS_PATH } from './public-paths.ts';

/** Of each kind. A request is in flight until its client has received the answer. */
export const MAX_IN_FLIGHT = 2_000;
/** On one connection, where each answer waits for those before it. */
export const MAX_ON_CONNECTION = 100;

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

type Kind = 'reads' | 'changes';

interface Connection {
  readonly inFlight: Record<Kind, number>;
  isOpen: boolean;
}

/** Refuses requests beyond the limits: 503 with `Retry-After`. */
export function shedLoad(server: FastifyInstance, metrics: Metrics): void {
  const inFlight: Record<Kind, number> = { reads: 0, changes: 0 };
  const connections = new WeakMap<Socket, Connection>();
  for (const kind of ['reads', 'changes'] as const) {
    metrics.watchQueue({ name: `http-${kind}`, limit: MAX_IN_FLIGHT, depth: () => inFlight[kind] });
  }
  const connectionOf = (socket: Socket): Connection => {
    const known = connections.get(socket);
    if (known !== undefined) return known;
    const connection: Connection = { inFlight: { reads: 0, changes: 0 }, isOpen: true };
    connections.set(socket, connection);
    // Answers behind the one that was being sent never end.
    socket.once('close', () => {
      connection.isOpen = false;
      inFlight.reads -= connection.inFlight.reads;
      inFlight.changes -= connection.inFlight.changes;
    });
    return connection;
  };
  server.addHook('onRequest', (request, reply, done) => {
    const path = request.routeOptions.url ?? '';
    if (HEALTH_PATHS.has(path) || path === METRICS_PATH) return done();
    const kind = READS.has(request.method) ? 'reads' : 'changes';
    const connection = connectionOf(request.raw.socket);
    const here = connection.inFlight.reads + connection.inFlight.changes;
    if (inFlight[kind] >= MAX_IN_FLIGHT || here >= MAX_ON_CONNECTION) {
      reply.header('Retry-After', '1');
      const where =
        here >= MAX_ON_CONNECTION ? `${here} requests in flight on this connection` : `${inFlight[kind]} requests in flight`;
      return done(new Problem(503, 'busy', `The server is busy with ${where}: try again in a moment.`));
    }
    inFlight[kind]++;
    connection.inFlight[kind]++;
    reply.raw.once('finish', () => {
      if (!connection.isOpen) return;
      inFlight[kind]--;
      connection.inFlight[kind]--;
    });
    done();
  });
}
