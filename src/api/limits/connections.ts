/**
 * How many connections may be open at once: fewer than the system lets the process have files, so that no flood keeps it
 * from its own. Beyond that an older connection is ended for each new one, for whoever has a key must come to show it.
 * Those that have shown none go first, as long as they are more than a quarter of all; then those of the key that has
 * most.
 */

import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Metrics } from '../../metrics.ts';

/** Most connections, however many the system allows. */
const MOST_CONNECTIONS = 4_000;
/** What is left to the process's own files and backends. */
const OWN_DESCRIPTORS = 128;

/** Whoever has not been let in: no key has this name. */
const STRANGERS = '';

export interface ConnectionTerms {
  /** How many files and connections the process may have open. */
  readonly descriptors: number;
  /** Whose connection it is, once a request of it was let in; null: nobody's yet. Called behind the check of the key. */
  readonly holderOf: (request: FastifyRequest) => string | null;
}

/** Bounds the connections of `server`. Goes behind the check of the key. */
export function boundConnections(server: FastifyInstance, metrics: Metrics, { descriptors, holderOf }: ConnectionTerms): void {
  const most = Math.min(MOST_CONNECTIONS, Math.max(Math.floor(descriptors / 4), descriptors - OWN_DESCRIPTORS));
  const connections = new Connections();
  metrics.watchQueue({ name: 'http-connections', limit: most, depth: () => connections.count });
  server.server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.remove(socket));
    if (connections.count <= most) return;
    const oldest = connections.oldestInTheWay(most / 4);
    if (oldest === undefined) return;
    connections.remove(oldest);
    oldest.destroy();
  });
  server.addHook('onRequest', (request, _reply, done) => {
    const holder = holderOf(request);
    if (holder !== null) connections.giveTo(request.raw.socket, holder);
    done();
  });
}

/** The open connections by holder; each holder's are in the order in which they came. */
class Connections {
  readonly #holders = new Map<Socket, string>();
  readonly #byHolder = new Map<string, Set<Socket>>();

  get count(): number {
    return this.#holders.size;
  }

  add(socket: Socket, holder = STRANGERS): void {
    this.#holders.set(socket, holder);
    const held = this.#byHolder.get(holder);
    if (held === undefined) this.#byHolder.set(holder, new Set([socket]));
    else held.add(socket);
  }

  remove(socket: Socket): void {
    const holder = this.#holders.get(socket);
    if (holder === undefined) return;
    this.#holders.delete(socket);
    const held = this.#byHolder.get(holder);
    held?.delete(socket);
    if (held?.size === 0) this.#byHolder.delete(holder);
  }

  giveTo(socket: Socket, holder: string): void {
    const before = this.#holders.get(socket);
    // Ended in between, or a request that came without a connection.
    if (before === undefined || before === holder) return;
    this.remove(socket);
    this.add(socket, holder);
  }

  /** The one that has to go for a new one. */
  oldestInTheWay(mostStrangers: number): Socket | undefined {
    const strangers = this.#byHolder.get(STRANGERS);
    let crowd = strangers;
    if (strangers === undefined || strangers.size <= mostStrangers) {
      for (const [holder, held] of this.#byHolder) {
        if (holder !== STRANGERS && (crowd === strangers || held.size > (crowd?.size ?? 0))) crowd = held;
      }
    }
    const [oldest] = crowd ?? [];
    return oldest;
  }
}
