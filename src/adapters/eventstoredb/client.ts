/**
 * EventStoreDB's own client, with what it lacks: filtered reads of `$all`, and a way to let go of one that went wrong.
 * Left alone it keeps channels, streams and promises of appends beyond its disposal, and a late answer to an append that
 * nobody waits for ends the process. Only the files of this adapter know of it.
 */

import { EventStoreDBClient } from '@eventstore/db-client';
import { ReadStream } from '@eventstore/db-client/dist/streams/utils/ReadStream.js';
import { Subscription } from '@eventstore/db-client/dist/streams/utils/Subscription.js';
import features from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import services from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type messages from '@eventstore/db-client/generated/streams_pb.js';
import type { ClientReadableStream } from '@grpc/grpc-js';
import type { Time } from '../../ports/clock.ts';
import { pause } from '../../waiting.ts';
import type { EventStoreDbAddress } from './address.ts';
import type { Channels } from './channel.ts';
import { type AllQuery, requestOfAll, requestOfStream, requestToSubscribe, type StreamQuery } from './read-requests.ts';
import { type EventAnswer, readAnswer } from './wire-events.ts';

/** Until the calls of a client that is let go of are seen to end. */
const DISCARD_WAIT_MS = 1_000;

const READ = services.StreamsService.read;

export type TapeSubscription = Subscription<EventAnswer>;

interface Cancellable {
  cancel(): void;
  removeAllListeners(event: string): unknown;
  once(event: string, listener: () => void): unknown;
}

/** The stream of appends, on the wire. */
interface AppendStream {
  write(request: messages.BatchAppendReq): boolean;
}

export class TapeClient extends EventStoreDBClient {
  /** Calls on the wire that have not ended. The server's connection is closed when the last one has. */
  readonly #calls = new Set<Cancellable>();
  readonly #time: Time;
  readonly #discarded = new AbortController();
  /** It keeps the order of its appends on one stream of appends, and so never has another. */
  #hasAppended = false;
  /** The only one that it ever has: after an error it is let go of with the client. */
  #channel: ReturnType<EventStoreDBClient['getChannel']> | undefined;

  constructor(address: EventStoreDbAddress, channels: Channels, connectionName: string, time: Time) {
    const [endpoint] = address.endpoints;
    super({ endpoint, connectionName, ...address.times } as never, { insecure: !address.hasTls }, address.credentials);
    this.#time = time;
    this.getChannel = () => {
      this.#channel ??= channels.open(this.#discarded.signal);
      return this.#channel;
    };
    this.#trackStreams();
    this.#trackFeatures();
    this.#insistOnLeader();
  }

  /** The server's version and whether it takes batches of appends. */
  async features(): Promise<{ readonly version: string; readonly hasBatchAppend: boolean }> {
    const features = await this.capabilities;
    return { version: features.serverVersion, hasBatchAppend: features.supports(services.StreamsService.batchAppend) };
  }

  /** Events of `$all` that the server's filter lets pass, in order. */
  readFiltered(query: AllQuery): ReadStream<EventAnswer> {
    return new ReadStream<EventAnswer>(this.#asking('readAll', requestOfAll(query)), asItIs, {});
  }

  /** Events of a stream. The answer ends with StreamNotFoundError where there is none. */
  readRevisions(query: StreamQuery): ReadStream<EventAnswer> {
    return new ReadStream<EventAnswer>(this.#asking('readStream', requestOfStream(query)), asItIs, {});
  }

  /**
   * Everything after a position, but for the server's own streams. No `checkpointReached`: it runs ahead of what was
   * handed over, so that saving it would lose events.
   */
  subscribeAfter(position: bigint | undefined): TapeSubscription {
    return new Subscription<EventAnswer>(this.#asking('subscribeToAll', requestToSubscribe(position)), asItIs, {});
  }

  /** Lets go of it for good: no answer that comes late finds anybody, and nothing stays open. */
  async discard(): Promise<void> {
    this.#discarded.abort();
    const ended = [...this.#calls].map(
      (call) =>
        new Promise<void>((resolve) => {
          call.once('status', resolve);
          // Answers to appends whose promises are settled make the client throw where nobody catches it.
          call.removeAllListeners('data');
          call.cancel();
        }),
    );
    await Promise.race([Promise.all(ended), pause(this.#time, DISCARD_WAIT_MS, undefined, { isAwaited: false })]);
    const channel = await this.#channel?.catch(() => undefined);
    channel?.close();
  }

  /**
   * A node that was the leader lags behind the one that is: what was written would not be read back there. It refuses
   * then, and another client finds the leader among the nodes. So does a follower behind the one name of a cluster.
   */
  #insistOnLeader(): void {
    const callArguments = this.callArguments;
    this.callArguments = (options, callOptions) => callArguments({ ...options, requiresLeader: true }, callOptions);
  }

  #asking(name: string, request: messages.ReadReq): () => Promise<ClientReadableStream<messages.ReadResp>> {
    return this.GRPCStreamCreator(services.StreamsClient, name, (client) => {
      const [metadata, options] = this.callArguments({}, { deadline: Number.POSITIVE_INFINITY });
      return client.makeServerStreamRequest(READ.path, READ.requestSerialize, readAnswer, request, metadata, options) as never;
    });
  }

  #trackStreams(): void {
    const create = this.GRPCStreamCreator;
    this.GRPCStreamCreator = (client, name, creator, cache) =>
      create(
        client,
        name,
        async (stub) => {
          if (name === 'appendToStream') {
            if (this.#hasAppended) throw new Error('the server has ended its answers to appends');
            this.#hasAppended = true;
          }
          const stream = await creator(stub);
          this.#track(stream as unknown as Cancellable);
          if (name === 'appendToStream') ofJsonAndNeverFull(stream as unknown as AppendStream);
          return stream;
        },
        cache,
      );
  }

  /** The client asks for the server's features without a deadline, and keeps no hold of the call. */
  #trackFeatures(): void {
    const execute = this.execute;
    this.execute = (client, name, action) =>
      execute(client, name, (stub) => {
        if (stub instanceof features.ServerFeaturesClient) {
          const ask = stub.getSupportedMethods.bind(stub) as (...args: unknown[]) => Cancellable;
          Object.assign(stub, { getSupportedMethods: (...args: unknown[]) => this.#track(ask(...args)) });
        }
        return action(stub);
      });
  }

  #track(call: Cancellable): Cancellable {
    if (this.#discarded.signal.aborted) call.cancel();
    this.#calls.add(call);
    call.once('status', () => this.#calls.delete(call));
    return call;
  }
}

/**
 * The client queues what it would write to a full stream, and when that stream then fails rejects promises that nobody
 * has, which ends the process. How many appends wait is bounded by the store instead.
 *
 * Of data that are given as objects it makes text, base64 and bytes, the last of them twice and slowly. So they are given as
 * bytes, and said to be what they are here.
 */
function ofJsonAndNeverFull(stream: AppendStream): void {
  const write = stream.write.bind(stream);
  stream.write = (request) => {
    for (const message of request.getProposedMessagesList()) message.getMetadataMap().set('content-type', 'application/json');
    write(request);
    return true;
  };
}

/** The client's streams hand over what they are given: `readAnswer` has made of it what is wanted. */
function asItIs(answer: unknown): EventAnswer {
  return answer as EventAnswer;
}
