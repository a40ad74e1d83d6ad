/**
 * A server that EventStoreDB's own client takes for one: made from the client's generated stubs, with the semantics of
 * EventStoreDB 22.10 to 24.10 as far as Tapedeck uses them, and faults on demand.
 */

import gossipService from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import featuresService from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { type handleUnaryCall, type Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { append, batchAppend } from './appends.ts';
import { Faults } from './faults.ts';
import { Log } from './log.ts';
import { type ReadTraits, read, type SubscriptionFault, type Subscriptions } from './reads.ts';
import { refusalOf, serviceError } from './refusals.ts';

export interface ServerOptions {
  readonly port?: number;
  readonly now?: () => number;
  /** Where the log is kept, to outlive the server; in memory alone without one. */
  readonly file?: string;
  /** In place of a new one: that of a node of a cluster. */
  readonly log?: Log;
  /** As the server tells it; null for one that is so old that it cannot. */
  readonly version?: string | null;
  readonly traits?: Partial<ReadTraits>;
  readonly tls?: { readonly key: Buffer; readonly certificate: Buffer };
  /** Whom it lets in; everybody without. */
  readonly login?: { readonly user: string; readonly password: string };
}

export class EventStoreServer {
  readonly faults = new Faults();
  readonly log: Log;
  readonly port: number;
  /** For tests: how many times a client connected and asked what the server can do. */
  connections = 0;
  readonly #server: Server;
  readonly #subscriptions: Subscriptions;

  private constructor(server: Server, log: Log, subscriptions: Subscriptions, port: number) {
    this.#server = server;
    this.log = log;
    this.#subscriptions = subscriptions;
    this.port = port;
  }

  static async start(options: ServerOptions = {}): Promise<EventStoreServer> {
    const { version = '24.10.0', traits, now = Date.now } = options;
    const log = options.log ?? new Log(now, options.file);
    const subscriptions: Subscriptions = new Map();
    const grpc = new Server({ 'grpc.max_receive_message_length': 64 * 1024 * 1024 });
    const { tls } = options;
    const credentials =
      tls === undefined
        ? ServerCredentials.createInsecure()
        : ServerCredentials.createSsl(null, [{ private_key: tls.key, cert_chain: tls.certificate }]);
    const port = await new Promise<number>((resolve, reject) => {
      grpc.bindAsync(`127.0.0.1:${options.port ?? 0}`, credentials, (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    const server = new EventStoreServer(grpc, log, subscriptions, port);
    const { faults } = server;
    const all: ReadTraits = { hasStreamPositions: true, hasCaughtUp: true, ...traits };
    grpc.addService(streamsService.StreamsService as never, {
      read: guarded(options, read({ log, faults, traits: all, subscriptions }) as never),
      batchAppend: guarded(options, batchAppend(log, faults) as never),
      append: guarded(options, append(log, faults) as never),
    });
    grpc.addService(featuresService.ServerFeaturesService as never, { getSupportedMethods: supportedMethods(version, server) });
    grpc.addService(gossipService.GossipService as never, { read: clusterOf(server) });
    return server;
  }

  /** Connections that there are. */
  get sessions(): number {
    return (this.#server as unknown as { readonly sessions: ReadonlyMap<unknown, unknown> }).sessions.size;
  }

  /** Subscriptions that there are. */
  get subscriptions(): number {
    return this.#subscriptions.size;
  }

  /** Every subscription goes wrong. */
  failSubscriptions(how: SubscriptionFault): void {
    for (const fail of [...this.#subscriptions.values()]) fail(how);
  }

  /**
   * As with SIGKILL and without a file: of the appends that are not answered, those of that part, from 0 to 1, are there,
   * the first ones.
   */
  async kill(part: number): Promise<void> {
    await this.stop();
    const { unanswered } = this.faults;
    const from = unanswered[Math.floor(part * (unanswered.length + 1))];
    if (from !== undefined) this.log.cut(from);
  }

  /** The connection breaks for everyone; the log is what it is. */
  async stop(): Promise<void> {
    this.#server.forceShutdown();
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.log.close();
  }
}

interface AnyCall {
  readonly metadata: Metadata;
  emit(event: 'error', error: Error): void;
}

/** Lets in whom the server knows. */
function guarded({ login }: ServerOptions, handle: (call: never, callback: never) => void) {
  const wanted = login && `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
  return (call: AnyCall, callback?: (error: Error) => void): void => {
    if (wanted === undefined || call.metadata.get('authorization').includes(wanted)) {
      handle(call as never, callback as never);
      return;
    }
    const refused = serviceError(status.UNAUTHENTICATED, 'the credentials are wrong');
    if (callback === undefined) call.emit('error', refused);
    else callback(refused);
  };
}

function supportedMethods(version: string | null, server: EventStoreServer): handleUnaryCall<unknown, features.SupportedMethods> {
  return (call, callback) => {
    server.connections++;
    if (server.faults.isSilent) return;
    const refused = server.faults.refuse === 'unavailable' ? refusalOf(server.faults, call.metadata) : undefined;
    if (refused !== undefined) return callback(refused);
    if (version === null) return callback(serviceError(status.UNIMPLEMENTED, 'unknown service'));
    const supported = new features.SupportedMethods();
    supported.setEventStoreServerVersion(version);
    supported.setMethodsList(
      ['read', 'append', 'batchappend'].map((name) => {
        const method = new features.SupportedMethod();
        method.setServiceName('event_store.client.streams.Streams');
        method.setMethodName(name);
        return method;
      }),
    );
    return callback(null, supported);
  };
}

/** The cluster as this node sees it. Without a leader all are followers. */
function clusterOf(server: EventStoreServer): handleUnaryCall<unknown, gossip.ClusterInfo> {
  const { FOLLOWER, LEADER } = gossip.MemberInfo.VNodeState;
  return (_call, callback) => {
    const { port, faults } = server;
    const leader = faults.leader === undefined ? port : faults.leader;
    const ports = new Set([port, ...faults.others, ...(leader === null ? [] : [leader])]);
    const cluster = new gossip.ClusterInfo();
    cluster.setMembersList([...ports].map((each) => memberAt(each, each === leader ? LEADER : FOLLOWER)));
    callback(null, cluster);
  };
}

function memberAt(port: number, state: gossip.MemberInfo.VNodeState): gossip.MemberInfo {
  const endPoint = new gossip.EndPoint();
  endPoint.setAddress('127.0.0.1');
  endPoint.setPort(port);
  const member = new gossip.MemberInfo();
  member.setState(state);
  member.setIsAlive(true);
  member.setHttpEndPoint(endPoint);
  return member;
}
