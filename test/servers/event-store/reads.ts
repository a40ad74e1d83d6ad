/** `Streams.Read`: streams and `$all`, forward and backward, filtered, and subscriptions to `$all`. */

import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { type handleServerStreamingCall, type ServerWritableStream, status } from '@grpc/grpc-js';
import type { Faults } from './faults.ts';
import type { Log, LogRecord } from './log.ts';
import { refusalOf, serviceError } from './refusals.ts';

type Call = ServerWritableStream<streams.ReadReq, streams.ReadResp>;
type Options = streams.ReadReq.Options;
type Filter = (record: LogRecord) => boolean;

export interface ReadTraits {
  /** Do events that are read from a stream have their position in `$all`? */
  readonly hasStreamPositions: boolean;
  /** Does a subscription say when it has caught up? From 23.10 on. */
  readonly hasCaughtUp: boolean;
}

/** How a subscription goes wrong: it ends cleanly, breaks, or stays open and hands nothing over any more. */
export type SubscriptionFault = 'cleanly' | 'cut' | 'stall';

/** The subscriptions that there are. */
export type Subscriptions = Map<Call, (fault: SubscriptionFault) => void>;

/** The server searches this many events between two checkpoints, times the interval asked for. */
const CHECKPOINT_WINDOW = 32;
const NO_POSITION = '18446744073709551615';

/** What a read is made of. */
export interface Serving {
  readonly log: Log;
  readonly faults: Faults;
  readonly traits: ReadTraits;
  readonly subscriptions: Subscriptions;
}

export function read(serving: Serving): handleServerStreamingCall<streams.ReadReq, streams.ReadResp> {
  return (call) => {
    if (serving.faults.isSilent) return;
    const refused = refusalOf(serving.faults, call.metadata);
    if (refused !== undefined) {
      call.emit('error', refused);
      return;
    }
    const options = call.request.getOptions() as Options;
    const work = options.hasSubscription() ? subscribe(call, options, serving) : readOnce(call, options, serving);
    work.catch((error: unknown) => call.emit('error', error));
  };
}

async function readOnce(call: Call, options: Options, { log, traits, faults }: Serving): Promise<void> {
  const fault = faults.reads.shift();
  if (fault === 'silent') return;
  if (fault === 'unavailable') throw serviceError(status.UNAVAILABLE, 'the server is going away');
  if (fault === 'internal') throw serviceError(status.INTERNAL, 'the server has a bug');
  if (faults.readAfterMs > 0) await new Promise((resolve) => setTimeout(resolve, faults.readAfterMs));
  const stream = options.getStream();
  const found = stream === undefined ? readAll(log, options, faults) : readStream(log, options, stream);
  if (found === undefined) {
    const missing = new streams.ReadResp.StreamNotFound();
    missing.setStreamIdentifier(stream?.getStreamIdentifier());
    const response = new streams.ReadResp();
    response.setStreamNotFound(missing);
    call.write(response);
    call.end();
    return;
  }
  let left = Number(options.getCount());
  let sent = 0;
  for (const record of found) {
    if (record === 'silence') return;
    if (left-- === 0 || call.cancelled) break;
    if (fault === 'cut-after-some' && sent === 2) throw serviceError(status.UNAVAILABLE, 'the server went away');
    await send(call, eventOf(record, stream === undefined || traits.hasStreamPositions));
    sent++;
  }
  call.end();
}

function* readAll(log: Log, options: Options, { longestSearch }: Faults): Generator<LogRecord | 'silence'> {
  const all = options.getAll();
  const fits = filterOf(options);
  const isBackward = options.getReadDirection() === 1;
  const position = all?.getPosition();
  let index =
    position === undefined ? (all?.hasEnd() ? log.records.length : 0) : log.indexAt(Number(position.getCommitPosition()));
  // Forward from the position on, backward from before it.
  for (let leftOut = 0; ; ) {
    const record = log.records[isBackward ? --index : index++];
    if (record === undefined) return;
    if (fits(record)) {
      leftOut = 0;
      yield record;
    } else if (++leftOut === longestSearch) yield 'silence';
  }
}

function readStream(log: Log, options: Options, stream: streams.ReadReq.Options.StreamOptions): Iterable<LogRecord> | undefined {
  const name = Buffer.from(stream.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8');
  const records = log.streams.get(name);
  if (records === undefined) return undefined;
  const revision = stream.hasRevision() ? Number(stream.getRevision()) : undefined;
  if (options.getReadDirection() === 0) return records.slice(revision ?? (stream.hasEnd() ? records.length : 0));
  return records.slice(0, revision === undefined ? (stream.hasEnd() ? records.length : 1) : revision + 1).reverse();
}

async function subscribe(call: Call, options: Options, serving: Serving): Promise<void> {
  const { subscriptions } = serving;
  const ending = new AbortController();
  const close = (): void => {
    subscriptions.delete(call);
    ending.abort();
  };
  subscriptions.set(call, (fault) => {
    close();
    if (fault === 'cleanly') call.end();
    else if (fault === 'cut') call.emit('error', serviceError(status.UNAVAILABLE, 'the server went away'));
  });
  call.on('cancelled', close);
  call.on('close', close);
  const confirmation = new streams.ReadResp.SubscriptionConfirmation();
  confirmation.setSubscriptionId('subscription');
  const confirmed = new streams.ReadResp();
  confirmed.setConfirmation(confirmation);
  call.write(confirmed);
  await follow(call, options, serving, ending.signal);
}

async function follow(call: Call, options: Options, { log, traits, faults }: Serving, signal: AbortSignal): Promise<void> {
  const all = options.getAll();
  const position = all?.getPosition();
  const fits = filterOf(options);
  const interval = CHECKPOINT_WINDOW * Math.max(1, options.getFilter()?.getCheckpointintervalmultiplier() ?? 1);
  // After the position, which is exclusive.
  let index =
    position === undefined ? (all?.hasEnd() ? log.records.length : 0) : log.indexAt(Number(position.getCommitPosition()) + 1);
  let searched = 0;
  let isLive = false;
  while (!signal.aborted) {
    const record = index < (faults.unanswered[0] ?? Number.POSITIVE_INFINITY) ? log.records[index] : undefined;
    if (record === undefined) {
      if (!isLive && traits.hasCaughtUp) {
        const told = new streams.ReadResp();
        told.setCaughtUp(new streams.ReadResp.CaughtUp());
        call.write(told);
      }
      isLive = true;
      await log.grown(signal);
      continue;
    }
    index++;
    if (fits(record)) await send(call, eventOf(record, true));
    searched++;
    if (faults.cutSubscriptionsEvery !== undefined && searched >= faults.cutSubscriptionsEvery) {
      throw serviceError(status.UNAVAILABLE, 'the server went away');
    }
    if (options.hasFilter() && searched % interval === 0 && !signal.aborted) call.write(checkpointAt(record.position));
  }
}

async function send(call: Call, response: streams.ReadResp): Promise<void> {
  if (isGone(call) || call.write(response) || isGone(call)) return;
  await new Promise<void>((resolve) => {
    const events = ['drain', 'cancelled', 'close', 'finish', 'error'];
    const go = (): void => {
      for (const event of events) call.removeListener(event, go);
      resolve();
    };
    for (const event of events) call.on(event, go);
  });
}

function isGone(call: Call): boolean {
  return call.cancelled || call.destroyed || call.writableEnded;
}

function checkpointAt(position: number): streams.ReadResp {
  const checkpoint = new streams.ReadResp.Checkpoint();
  checkpoint.setCommitPosition(String(position));
  checkpoint.setPreparePosition(String(position));
  const response = new streams.ReadResp();
  response.setCheckpoint(checkpoint);
  return response;
}

function filterOf(options: Options): Filter {
  const filter = options.getFilter();
  if (filter === undefined) return () => true;
  const byStream = filter.getStreamIdentifier();
  const expression = byStream ?? filter.getEventType();
  if (expression === undefined) throw serviceError(status.INVALID_ARGUMENT, 'the filter has no expression');
  const textOf = (record: LogRecord): string => (byStream === undefined ? record.type : record.stream);
  const regex = expression.getRegex();
  if (regex !== '') {
    const pattern = new RegExp(regex);
    return (record) => pattern.test(textOf(record));
  }
  const prefixes = expression.getPrefixList();
  return (record) => prefixes.some((prefix) => textOf(record).startsWith(prefix));
}

function eventOf(record: LogRecord, hasPosition: boolean): streams.ReadResp {
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent();
  const id = new shared.UUID();
  id.setString(record.id);
  recorded.setId(id);
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(record.stream).toString('base64'));
  recorded.setStreamIdentifier(identifier);
  recorded.setStreamRevision(String(record.revision));
  recorded.setCommitPosition(hasPosition ? String(record.position) : NO_POSITION);
  recorded.setPreparePosition(hasPosition ? String(record.position) : NO_POSITION);
  const properties = recorded.getMetadataMap();
  properties.set('type', record.type);
  properties.set('content-type', record.isJson ? 'application/json' : 'application/octet-stream');
  // Ticks of 100 ns.
  properties.set('created', `${record.created}0000`);
  recorded.setData(record.data);
  recorded.setCustomMetadata(record.metadata);
  const event = new streams.ReadResp.ReadEvent();
  event.setEvent(recorded);
  if (hasPosition) event.setCommitPosition(String(record.position));
  else event.setNoPosition(new shared.Empty());
  const response = new streams.ReadResp();
  response.setEvent(event);
  return response;
}
