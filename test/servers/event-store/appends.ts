/** `Streams.BatchAppend` and `Streams.Append`, as EventStoreDB answers them. */

import shared from '@eventstore/db-client/generated/shared_pb.js';
import status from '@eventstore/db-client/generated/status_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { status as grpcStatus, type handleBidiStreamingCall, type handleClientStreamingCall, Metadata } from '@grpc/grpc-js';
import anyPb from 'google-protobuf/google/protobuf/any_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import type { AppendFault, Faults } from './faults.ts';
import { type Expected, type Log, type LoggedEvent, MAX_APPEND_BYTES, type Outcome } from './log.ts';
import { refusalOf } from './refusals.ts';

type BatchReq = streams.BatchAppendReq;
type BatchResp = streams.BatchAppendResp;

/** So long the first append of a new stream is held back where order is broken there. */
const COLD_MS = 20;

interface Pending {
  readonly stream: string;
  readonly expected: Expected;
  readonly events: LoggedEvent[];
}

export function batchAppend(log: Log, faults: Faults): handleBidiStreamingCall<BatchReq, BatchResp> {
  return (call) => {
    const refused = refusalOf(faults, call.metadata);
    if (refused !== undefined) {
      call.emit('error', refused);
      return;
    }
    const pending = new Map<string, Pending>();
    // A stream that has gone wrong stays so: whoever waits on it needs another.
    let isOver = false;
    let isHeldBack = faults.isColdOrderBroken;
    const take = (request: BatchReq, append: Pending): void => {
      if (isOver) return;
      const refusedNow = refusalOf(faults, call.metadata);
      if (refusedNow !== undefined) {
        isOver = true;
        call.emit('error', refusedNow);
        return;
      }
      const fault = faults.appends.shift();
      if (fault !== undefined) isOver = fault !== 'commit-timeout';
      const outcome = fault === undefined || fault.startsWith('commit') ? write(log, append) : undefined;
      if (fault === 'unreplicated') faults.unreplicated++;
      if (fault === undefined && outcome !== undefined) {
        const begin = log.records.length - append.events.length;
        const isWritten = outcome.kind === 'written';
        if (isWritten) faults.unanswered.push(begin);
        answerOnceFlushed(faults, append.events.length, () => {
          if (isWritten) {
            faults.unanswered.shift();
            log.wake();
          }
          call.write(answer(request, append, outcome));
        });
      }
      if (fault === 'commit-timeout') call.write(failure(request, append, pack(new shared.Timeout(), 'Timeout')));
      else if (fault === 'half-close' || fault === 'commit-half-close') call.end();
      else if (fault !== undefined && fault !== 'unreplicated' && !fault.endsWith('silent')) call.emit('error', errorOf(fault));
    };
    call.on('data', (request: BatchReq) => {
      if (isOver || faults.isSilent) return;
      const id = request.getCorrelationId()?.getString() ?? '';
      const options = request.getOptions();
      if (options !== undefined)
        pending.set(id, { stream: nameOf(options.getStreamIdentifier()), expected: expectedOf(options), events: [] });
      const append = pending.get(id);
      if (append === undefined) return;
      append.events.push(...request.getProposedMessagesList().map(proposed));
      if (!request.getIsFinal()) return;
      pending.delete(id);
      if (isHeldBack) setTimeout(() => take(request, append), COLD_MS);
      else take(request, append);
      isHeldBack = false;
    });
    call.on('end', () => call.end());
  };
}

export function append(log: Log, faults: Faults): handleClientStreamingCall<streams.AppendReq, streams.AppendResp> {
  return (call, callback) => {
    const refused = refusalOf(faults, call.metadata);
    if (refused !== undefined) return callback(refused);
    let stream = '';
    let expected: Expected = 'any';
    const events: LoggedEvent[] = [];
    call.on('data', (request: streams.AppendReq) => {
      const options = request.getOptions();
      if (options !== undefined) {
        stream = nameOf(options.getStreamIdentifier());
        expected = options.hasRevision() ? Number(options.getRevision()) : options.hasNoStream() ? 'no-stream' : 'any';
      }
      const message = request.getProposedMessage();
      if (message !== undefined) events.push(proposed(message));
    });
    call.on('end', () => {
      const outcome = write(log, { stream, expected, events });
      const answer = new streams.AppendResp();
      if (outcome.kind === 'written' || outcome.kind === 'already') {
        const success = new streams.AppendResp.Success();
        success.setCurrentRevision(String(outcome.revision));
        if (outcome.kind === 'already') success.setNoPosition(new shared.Empty());
        else {
          const position = new streams.AppendResp.Position();
          position.setCommitPosition(String(outcome.position));
          position.setPreparePosition(String(outcome.position));
          success.setPosition(position);
        }
        answer.setSuccess(success);
      } else if (outcome.kind === 'wrong-expected-version') {
        const wrong = new streams.AppendResp.WrongExpectedVersion();
        if (outcome.current === undefined) wrong.setCurrentNoStream(new shared.Empty());
        else wrong.setCurrentRevision(String(outcome.current));
        if (typeof expected === 'number') wrong.setExpectedRevision(String(expected));
        else wrong.setExpectedNoStream(new shared.Empty());
        answer.setWrongExpectedVersion(wrong);
      } else {
        const error = Object.assign(new Error(outcome.kind), {
          code: grpcStatus.UNKNOWN,
          details: outcome.kind,
          metadata: new Metadata(),
        });
        return callback(error);
      }
      return callback(null, answer);
    });
  };
}

function answerOnceFlushed(faults: Faults, events: number, give: () => void): void {
  const now = performance.now();
  faults.writtenAt = Math.max(now, faults.writtenAt) + events * faults.writeMsPerEvent;
  const ms = faults.writtenAt - now + faults.answerAfterMs;
  if (ms === 0) {
    give();
    return;
  }
  const { answers } = faults;
  answers.push(give);
  // Timers of other lengths may come sooner, and what was written first is answered first.
  setTimeout(() => {
    for (let isGiven = !answers.includes(give); !isGiven; ) {
      const next = answers.shift();
      next?.();
      isGiven = next === give;
    }
  }, ms);
}

function write(log: Log, { stream, expected, events }: Pending): Outcome {
  return log.append(stream, expected, events);
}

function nameOf(identifier: shared.StreamIdentifier | undefined): string {
  return Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8');
}

function expectedOf(options: streams.BatchAppendReq.Options): Expected {
  if (options.hasStreamPosition()) return Number(options.getStreamPosition());
  if (options.hasNoStream()) return 'no-stream';
  return options.hasStreamExists() ? 'stream-exists' : 'any';
}

function proposed(message: streams.BatchAppendReq.ProposedMessage | streams.AppendReq.ProposedMessage): LoggedEvent {
  const properties = message.getMetadataMap();
  return {
    id: message.getId()?.getString() ?? '',
    type: properties.get('type') ?? '',
    isJson: properties.get('content-type') === 'application/json',
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  };
}

function answer(request: BatchReq, append: Pending, outcome: Outcome): BatchResp {
  if (outcome.kind === 'wrong-expected-version') return failure(request, append, wrongExpected(append.expected, outcome.current));
  if (outcome.kind === 'corrupted') return failure(request, append, pack(new shared.Unknown(), 'Unknown'));
  if (outcome.kind === 'too-large') {
    const exceeded = new shared.MaximumAppendSizeExceeded();
    exceeded.setMaxappendsize(MAX_APPEND_BYTES);
    return failure(request, append, pack(exceeded, 'MaximumAppendSizeExceeded'));
  }
  const success = new streams.BatchAppendResp.Success();
  success.setCurrentRevision(String(outcome.revision));
  // The answer to what was there already has no position.
  if (outcome.kind === 'already') success.setNoPosition(new emptyPb.Empty());
  else {
    const position = new shared.AllStreamPosition();
    position.setCommitPosition(String(outcome.position));
    position.setPreparePosition(String(outcome.position));
    success.setPosition(position);
  }
  const response = responseTo(request, append);
  response.setSuccess(success);
  return response;
}

function wrongExpected(expected: Expected, current: number | undefined): anyPb.Any {
  const wrong = new shared.WrongExpectedVersion();
  if (current === undefined) wrong.setCurrentNoStream(new emptyPb.Empty());
  else wrong.setCurrentStreamRevision(String(current));
  if (expected === 'no-stream') wrong.setExpectedNoStream(new emptyPb.Empty());
  else if (expected === 'any') wrong.setExpectedAny(new emptyPb.Empty());
  else if (expected === 'stream-exists') wrong.setExpectedStreamExists(new emptyPb.Empty());
  else wrong.setExpectedStreamPosition(String(expected));
  return pack(wrong, 'WrongExpectedVersion');
}

function pack(message: { serializeBinary(): Uint8Array }, type: string): anyPb.Any {
  const any = new anyPb.Any();
  any.pack(message.serializeBinary(), `event_store.client.${type}`);
  return any;
}

function failure(request: BatchReq, append: Pending, details: anyPb.Any): BatchResp {
  const error = new status.Status();
  error.setMessage(details.getTypeName());
  error.setDetails(details);
  const response = responseTo(request, append);
  response.setError(error);
  return response;
}

function responseTo(request: BatchReq, { stream }: Pending): BatchResp {
  const response = new streams.BatchAppendResp();
  response.setCorrelationId(request.getCorrelationId());
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(stream).toString('base64'));
  response.setStreamIdentifier(identifier);
  return response;
}

function errorOf(fault: AppendFault): Error {
  const code = fault === 'commit-internal' ? grpcStatus.INTERNAL : grpcStatus.UNAVAILABLE;
  return Object.assign(new Error(fault), { code, details: `the server broke the stream (${fault})`, metadata: new Metadata() });
}
