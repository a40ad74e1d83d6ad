/**
 * How many requests the server has in hand at once: beyond that, one is told to come again at once, instead of being
 * kept, with its answer, until memory is full. Requests that change something are counted by themselves, so that no
 * flood of readers keeps a person from halting; the probes and the figures, which are asked for then, always pass.
 */

import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../../metrics.ts';
import { Problem } from './problem.ts';
import { HEALTH_PATHS, METRICS_PATH } from './public-paths.ts';

/** Of each kind. A request is in hand until its client has taken the answer. */
export const MAX_IN_HAND = 2_000;
/** On one connection, on which answers wait for those before them. */
export const MAX_ON_CONNECTION = 100;

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

type Kind = 'reads' | 'changes';

interface Connection {
  readonly inHand: Record<Kind, number>;
  isOpen: boolean;
}

/** Refuses what goes beyond the limits: 503 with when to come again. */
export function shedLoad(server: FastifyInstance, metrics: Metrics): void {
  const inHand: Record<Kind, number> = { reads: 0, changes: 0 };
  const connections = new WeakMap<Socket, Connection>();
  for (const kind of ['reads', 'changes'] as const) {
    metrics.watchQueue({ name: `http-${kind}`, limit: MAX_IN_HAND, depth: () => inHand[kind] });
  }
  const connectionOf = (socket: Socket): Connection => {
    const known = connections.get(socket);
    if (known !== undefined) return known;
    const connection: Connection = { inHand: { reads: 0, changes: 0 }, isOpen: true };
    connections.set(socket, connection);
    // Answers behind the one that was being sent never end.
    socket.once('close', () => {
      connection.isOpen = false;
      inHand.reads -= connection.inHand.reads;
      inHand.changes -= connection.inHand.changes;
    });
    return connection;
  };
  server.addHook('onRequest', (request, reply, done) => {
    const path = request.routeOptions.url ?? '';
    if (HEALTH_PATHS.has(path) || path === METRICS_PATH) return done();
    const kind = READS.has(request.method) ? 'reads' : 'changes';
    const connection = connectionOf(request.raw.socket);
    const here = connection.inHand.reads + connection.inHand.changes;
    if (inHand[kind] >= MAX_IN_HAND || here >= MAX_ON_CONNECTION) {
      reply.header('Retry-After', '1');
      const whose = here >= MAX_ON_CONNECTION ? `${here} requests of this connection` : `${inHand[kind]} requests`;
      return done(new Problem(503, 'busy', `The server has ${whose} in hand already: come again in a moment.`));
    }
    inHand[kind]++;
    connection.inHand[kind]++;
    reply.raw.once('finish', () => {
      if (!connection.isOpen) return;
      inHand[kind]--;
      connection.inHand[kind]--;
    });
    done();
  });
}
