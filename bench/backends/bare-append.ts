/** The raw limit of rows that wait for one append: the bare client's. */

import { type EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { systemTime } from '../../src/adapters/system-time.ts';
import { barClosed } from '../../src/domain/feed/evidence.ts';
import { makeEvidence } from '../../src/tape/envelope.ts';
import { barOf } from '../../test/support/fixtures.ts';
import { BUILD } from '../recorded-tape.ts';
import { quantile, timed } from '../row.ts';

const APPENDS = 200;

/** Of one event, each to a stream of its own, one after the other, in milliseconds: a bar that nobody trades on. */
export async function appendP50(client: EventStoreDBClient): Promise<number> {
  const times: number[] = [];
  const bar = barClosed(barOf({ venue: 'testvenue', symbol: 'BENCH' }));
  for (let count = 0; count < APPENDS; count++) {
    const key = systemTime.uuid();
    const origin = { occurredAt: bar.occurredAt, actor: BUILD, codeVersion: BUILD };
    const { id, stream, type, schemaVersion, data, metadata } = makeEvidence(
      bar.type,
      `bars-bench.${key}`,
      key,
      bar.data,
      origin,
    );
    const wire = jsonEvent({ type, data: { ...data }, metadata: { ...metadata, id, schemaVersion: String(schemaVersion) } });
    times.push(await timed(() => client.appendToStream(stream, wire, { expectedRevision: NO_STREAM })));
  }
  return quantile(times, 0.5);
}
