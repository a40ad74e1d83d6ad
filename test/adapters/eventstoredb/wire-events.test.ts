/** What is taken out of the bytes of an answer is what the client's own code finds in them. */

import { convertGrpcEvent } from '@eventstore/db-client/dist/utils/convertGrpcEvent.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import messages from '@eventstore/db-client/generated/streams_pb.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventAnswer, readAnswer } from '../../../src/adapters/eventstoredb/wire-events.ts';

const { RecordedEvent } = messages.ReadResp.ReadEvent;

const unsigned = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 2n ** 20n }));

const recorded = fc
  .record({
    isStructured: fc.boolean(),
    stream: fc.string({ unit: 'grapheme', minLength: 1 }),
    revision: fc.nat(),
    position: fc.option(unsigned),
    properties: fc.record({
      type: fc.string({ unit: 'grapheme', minLength: 1 }),
      'content-type': fc.constantFrom('application/json', 'application/octet-stream'),
      created: fc.bigInt({ min: 10n ** 16n, max: 2n ** 62n }).map(String),
      more: fc.string(),
    }),
    data: fc.json({ maxDepth: 2 }),
    metadata: fc.json({ maxDepth: 1 }),
  })
  .map(({ isStructured, stream, revision, position, properties, data, metadata }) => {
    const id = new shared.UUID();
    const structured = new shared.UUID.Structured();
    structured.setMostSignificantBits(String(BigInt.asIntN(64, 0x3ca6f253_0301_4859n)));
    structured.setLeastSignificantBits(String(BigInt.asIntN(64, 0x95b6_981f98894f4an)));
    if (isStructured) id.setStructured(structured);
    else id.setString('3ca6f253-0301-5859-95b6-981f98894f4a');
    const identifier = new shared.StreamIdentifier();
    identifier.setStreamName(Buffer.from(stream));
    const event = new RecordedEvent();
    event.setId(id);
    event.setStreamIdentifier(identifier);
    event.setStreamRevision(String(revision));
    event.setPreparePosition(String(position ?? 0));
    event.setCommitPosition(String(position ?? 0));
    for (const [name, value] of Object.entries(properties)) event.getMetadataMap().set(name, value);
    event.setData(Buffer.from(data));
    event.setCustomMetadata(Buffer.from(metadata));
    return event;
  });

const answers = fc
  .record({ event: fc.option(recorded), link: fc.option(recorded), position: fc.option(unsigned) })
  .map(({ event, link, position }) => {
    const told = new messages.ReadResp.ReadEvent();
    if (event !== null) told.setEvent(event);
    if (link !== null) told.setLink(link);
    if (position === null) told.setNoPosition(new shared.Empty());
    else told.setCommitPosition(String(position));
    const answer = new messages.ReadResp();
    answer.setEvent(told);
    return answer;
  });

/** As `readAnswer` has it. */
function byTheClient(answer: messages.ReadResp) {
  const told = answer.getEvent() as messages.ReadResp.ReadEvent;
  const { event, commitPosition } = convertGrpcEvent(told);
  if (event === undefined) return undefined;
  return {
    stream: event.streamId,
    revision: Number(event.revision),
    position: commitPosition ?? event.position?.commit,
    type: event.type,
    isJson: event.isJson,
    data: Buffer.from(told.getEvent()?.getData_asU8() ?? []),
    metadata: Buffer.from(told.getEvent()?.getCustomMetadata_asU8() ?? []),
    created: event.created.getTime(),
  };
}

describe('an answer on the wire', () => {
  it('that is an event has what the client finds in it', () => {
    fc.assert(
      fc.property(answers, (answer) => {
        const read = readAnswer(Buffer.from(answer.serializeBinary()));
        expect(read).toBeInstanceOf(EventAnswer);
        expect((read as EventAnswer).event).toEqual(byTheClient(answer));
      }),
    );
  });

  it('that is cut off is an error, wherever that is', () => {
    const whole = fc.sample(answers, { numRuns: 1, seed: 1 })[0] as messages.ReadResp;
    const bytes = Buffer.from(whole.serializeBinary());
    for (let length = 1; length < bytes.length; length++) {
      expect(() => readAnswer(bytes.subarray(0, length)), `${length} of ${bytes.length} bytes`).toThrow(/ends within a field/);
    }
  });

  it('of any other kind is what the client makes of it', () => {
    const answer = new messages.ReadResp();
    answer.setCaughtUp(new messages.ReadResp.CaughtUp());
    const read = readAnswer(Buffer.from(answer.serializeBinary())) as messages.ReadResp;
    expect(read.hasCaughtUp()).toBe(true);
    expect(read.hasEvent()).toBe(false);
  });
});
