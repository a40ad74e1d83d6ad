/**
 * Channels to an EventStoreDB: to the one server, or to the leader of a cluster, which its nodes are asked for. The
 * client's own search takes a follower where no leader is named, and puts channels in place of each other that nobody
 * closes.
 */

import { isIP } from 'node:net';
import gossipService from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import { Channel, type ChannelCredentials, type ChannelOptions, credentials, Metadata } from '@grpc/grpc-js';
import type { Time } from '../../ports/clock.ts';
import { onAbort, pause } from '../../waiting.ts';
import type { EventStoreDbAddress } from './address.ts';

/** How often the nodes are asked before the search has failed. */
const SEARCHES = 10;
const SEARCH_EVERY_MS = 100;
const GOSSIP_TIMEOUT_S = 5;
const KEEP_ALIVE_MS = 10_000;
/** Between tries to connect: a server that is back is to be found soon, however long it was away. */
const RECONNECT_MS = { first: 100, longest: 3_000 };
/** The server's largest event and its frame. */
const MAX_MESSAGE_BYTES = 17 * 1024 * 1024;

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** What makes a connection of a socket, for one server of one channel or several. */
type Connector = ReturnType<ChannelCredentials['_createSecureConnector']>;

/** The nodes answer, and none of them is the leader. */
class NoLeaderError extends Error {}

/** Makes channels to one address. They are the caller's to close. */
export class Channels {
  readonly #address: EventStoreDbAddress;
  readonly #time: Time;
  readonly #credentials: ChannelCredentials;
  readonly #options: ChannelOptions;

  constructor(address: EventStoreDbAddress, time: Time) {
    this.#address = address;
    this.#time = time;
    this.#credentials = credentialsOf(address);
    const { keepAliveInterval = KEEP_ALIVE_MS, keepAliveTimeout = KEEP_ALIVE_MS } = address.times;
    this.#options = {
      'grpc.keepalive_time_ms': orNever(keepAliveInterval),
      'grpc.keepalive_timeout_ms': orNever(keepAliveTimeout),
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.initial_reconnect_backoff_ms': RECONNECT_MS.first,
      'grpc.max_reconnect_backoff_ms': RECONNECT_MS.longest,
    };
  }

  /** Rejects when no leader is found, or when `signal` aborts before. */
  async open(signal: AbortSignal): Promise<Channel> {
    const target = await this.#target(signal);
    signal.throwIfAborted();
    return new Channel(target, this.#credentials, this.#options);
  }

  async #target(signal: AbortSignal): Promise<string> {
    const { endpoints, isDiscovered, times } = this.#address;
    if (endpoints.length === 1 && !isDiscovered) return targetOf(endpoints[0] as Endpoint);
    for (let searches = 1; ; searches++) {
      try {
        return targetOf(await this.#leaderAmong(endpoints, signal));
      } catch (error) {
        if (searches === SEARCHES) throw error;
        await pause(this.#time, times.discoveryInterval ?? SEARCH_EVERY_MS, signal);
        signal.throwIfAborted();
      }
    }
  }

  /** Asks all at once: one that is frozen must not hold up the answers of the others. The first that names a leader counts. */
  async #leaderAmong(endpoints: readonly Endpoint[], signal: AbortSignal): Promise<Endpoint> {
    const answered = new AbortController();
    const over = AbortSignal.any([signal, answered.signal]);
    try {
      return await Promise.any(endpoints.map((endpoint) => this.#leaderBy(endpoint, over)));
    } catch (error) {
      const { errors } = error as AggregateError;
      throw errors.find((each) => each instanceof NoLeaderError) ?? errors[0];
    } finally {
      answered.abort();
    }
  }

  async #leaderBy(endpoint: Endpoint, over: AbortSignal): Promise<Endpoint> {
    over.throwIfAborted();
    const client = new gossipService.GossipClient(targetOf(endpoint), this.#credentials, this.#options);
    const timeoutMs = (this.#address.times.gossipTimeout ?? GOSSIP_TIMEOUT_S) * 1_000;
    const deadline = this.#time.now() + timeoutMs;
    const told = Promise.withResolvers<gossip.ClusterInfo>();
    const call = client.read(new shared.Empty(), new Metadata(), { deadline }, (error, info) =>
      error === null ? told.resolve(info) : told.reject(error),
    );
    const stopListening = onAbort(over, () => call.cancel());
    try {
      return leaderIn(await told.promise);
    } finally {
      stopListening();
      client.close();
    }
  }
}

function leaderIn(cluster: gossip.ClusterInfo): Endpoint {
  const { LEADER } = gossip.MemberInfo.VNodeState;
  const leader = cluster.getMembersList().find((member) => member.getIsAlive() && member.getState() === LEADER);
  const endpoint = leader?.getHttpEndPoint();
  if (endpoint === undefined) throw new NoLeaderError('the cluster has no leader');
  return { address: endpoint.getAddress(), port: endpoint.getPort() };
}

function targetOf({ address, port }: Endpoint): string {
  return isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Negative: never. */
function orNever(ms: number): number {
  return ms < 0 ? Number.MAX_VALUE : ms;
}

function credentialsOf({ hasTls, rootCertificate, userKey, userCertificate }: EventStoreDbAddress): ChannelCredentials {
  const made = hasTls ? credentials.createSsl(rootCertificate, userKey, userCertificate) : credentials.createInsecure();
  const connectorOf = made._createSecureConnector.bind(made);
  made._createSecureConnector = (...args) => {
    const connector = connectorOf(...args);
    const { connectionOptions: to = {} } = connector as { connectionOptions?: { host?: string; servername?: string } };
    // A number is no name of a server, and Node warns of it. The certificate is held to the host all the same.
    if (isIP(to.host ?? '') !== 0) delete to.servername;
    return refusingOnceDestroyed(connector);
  };
  return made;
}

/** One that waits to try again when its channel is closed does try again, and the connection would be nobody's to close. */
function refusingOnceDestroyed(connector: Connector): Connector {
  let isDestroyed = false;
  return {
    connect: (socket) => connector.connect(socket),
    // Asked first at each try.
    waitForReady: async () => {
      if (isDestroyed) throw new Error('the channel was closed');
      await connector.waitForReady();
    },
    getCallCredentials: () => connector.getCallCredentials(),
    destroy: () => {
      isDestroyed = true;
      connector.destroy();
    },
  };
}
