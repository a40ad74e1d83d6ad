/** What the server is asked to read. */

import shared from '@eventstore/db-client/generated/shared_pb.js';
import messages from '@eventstore/db-client/generated/streams_pb.js';

/** The server's filter of events. */
export type ServerFilter =
  | { readonly on: 'stream' | 'type'; readonly prefixes: readonly string[] }
  /** All but the server's own streams, whose names begin with `$`. */
  | 'no-system-streams';

export interface AllQuery {
  /** Events from this commit position on (before it, when backward); from the start (the end) when absent. */
  readonly from: bigint | undefined;
  readonly isBackward: boolean;
  readonly count: number;
  readonly filter: ServerFilter;
}

export interface StreamQuery {
  readonly stream: string;
  /** Events from this revision on, itself included; from the start (the end, when backward) when absent. */
  readonly from: bigint | undefined;
  readonly isBackward: boolean;
  readonly count: number;
}

const NO_SYSTEM_STREAMS = '^[^$]';
/** A subscription says how far it has come each time that it has left out so many events, times 32. */
const CHECKPOINT_INTERVAL = 1_000;

/** Events of `$all` that the filter lets pass, in order. */
export function requestOfAll({ from, isBackward, count, filter }: AllQuery): messages.ReadReq {
  const options = newOptions();
  options.setAll(placeInAll(from, isBackward));
  options.setCount(String(count));
  options.setFilter(filterMessage(filter, 1));
  options.setReadDirection(isBackward ? 1 : 0);
  return requestOf(options);
}

export function requestOfStream({ stream, from, isBackward, count }: StreamQuery): messages.ReadReq {
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(stream));
  const place = new messages.ReadReq.Options.StreamOptions();
  place.setStreamIdentifier(identifier);
  if (from !== undefined) place.setRevision(String(from));
  else if (isBackward) place.setEnd(new shared.Empty());
  else place.setStart(new shared.Empty());
  const options = newOptions();
  options.setStream(place);
  options.setCount(String(count));
  options.setNoFilter(new shared.Empty());
  options.setReadDirection(isBackward ? 1 : 0);
  return requestOf(options);
}

/** Everything after a position, and what comes later, but for the server's own streams. */
export function requestToSubscribe(after: bigint | undefined): messages.ReadReq {
  const options = newOptions();
  options.setAll(placeInAll(after, false));
  options.setSubscription(new messages.ReadReq.Options.SubscriptionOptions());
  options.setFilter(filterMessage('no-system-streams', CHECKPOINT_INTERVAL));
  return requestOf(options);
}

function newOptions(): messages.ReadReq.Options {
  const uuid = new messages.ReadReq.Options.UUIDOption();
  uuid.setString(new shared.Empty());
  const options = new messages.ReadReq.Options();
  options.setUuidOption(uuid);
  return options;
}

function requestOf(options: messages.ReadReq.Options): messages.ReadReq {
  const request = new messages.ReadReq();
  request.setOptions(options);
  return request;
}

function placeInAll(from: bigint | undefined, isBackward: boolean): messages.ReadReq.Options.AllOptions {
  const all = new messages.ReadReq.Options.AllOptions();
  if (from !== undefined) {
    const position = new messages.ReadReq.Options.Position();
    position.setCommitPosition(String(from));
    position.setPreparePosition(String(from));
    all.setPosition(position);
  } else if (isBackward) all.setEnd(new shared.Empty());
  else all.setStart(new shared.Empty());
  return all;
}

function filterMessage(filter: ServerFilter, checkpointInterval: number): messages.ReadReq.Options.FilterOptions {
  const expression = new messages.ReadReq.Options.FilterOptions.Expression();
  if (filter === 'no-system-streams') expression.setRegex(NO_SYSTEM_STREAMS);
  else expression.setPrefixList([...filter.prefixes]);
  const options = new messages.ReadReq.Options.FilterOptions();
  if (filter !== 'no-system-streams' && filter.on === 'type') options.setEventType(expression);
  else options.setStreamIdentifier(expression);
  options.setCount(new shared.Empty());
  options.setCheckpointintervalmultiplier(checkpointInterval);
  return options;
}
