/** Law 2: a stream holds one kind and has one writing part; ids are made of facts. */

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../src/tape/envelope.ts';
import { withRecordedTape } from '../support/recorded-tape.ts';
import { wholeTape } from '../support/small-market.ts';

/** DESIGN.md, "The tape": what each category holds, and who writes it. */
const STREAMS: Readonly<Record<string, { readonly writer: string; readonly types: readonly string[] }>> = {
  bars: { writer: 'ingest', types: ['BarClosed', 'BarCorrected'] },
  depth: { writer: 'ingest', types: ['DepthSampled'] },
  feed: { writer: 'ingest', types: ['FeedStale', 'FeedRecovered'] },
  settings: {
    writer: 'test',
    types: ['InstrumentListed', 'FeedConfigured', 'AccountOpened', 'RiskLimitsSet', 'StrategyConfigured', 'SettingsApplied'],
  },
  engine: { writer: 'engine', types: ['CascadeDecided', 'EngineActivated'] },
  rollups: { writer: 'engine', types: ['BarClosed'] },
  signals: { writer: 'engine', types: ['SignalGenerated'] },
  reports: { writer: 'engine', types: ['ExecutionReported'] },
  order: {
    writer: 'engine',
    types: ['OrderApproved', 'OrderDenied', 'OrderAccepted', 'OrderFilled', 'OrderRejected', 'OrderExpired', 'OrderCanceled'],
  },
  account: { writer: 'engine', types: ['PositionChanged', 'BalanceChanged', 'AccountMarked'] },
};

/** Which reactor writes which category. */
const REACTORS: Readonly<Record<string, string>> = {
  rollups: 'bars',
  signals: 'strategy',
  reports: 'paper-venue',
  order: 'desk',
  account: 'desk',
};

/** RFC 9562 UUIDv5, by way of the namespace's bytes. */
function uuid5(name: string): string {
  const bytes = createHash('sha1').update(Buffer.from('tapedeck.events.', 'ascii')).update(name, 'utf8').digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function worldsKey(event: RecordedEvent): string | undefined {
  switch (event.type) {
    case 'BarClosed':
      return `BarClosed|${event.data.venue}|${event.data.symbol}|${event.data.interval}|${event.data.openTime}`;
    case 'DepthSampled':
      return `DepthSampled|${event.data.venue}|${event.data.symbol}|${event.data.updateId}`;
    default:
      return undefined;
  }
}

describe('on a tape of real recordings', () => {
  it('every stream holds one kind and has one writing part', async () => {
    const tape = await withRecordedTape(300, 6_000, (events) => wholeTape(events));
    const seen = new Set<string>();
    for (const { stream, type, metadata } of tape) {
      const category = stream.split('-')[0] ?? '';
      seen.add(category);
      expect(STREAMS[category], stream).toBeDefined();
      expect(STREAMS[category]?.types).toContain(type);
      expect(metadata.actor).toBe(STREAMS[category]?.writer);
      expect(metadata.reactor).toBe(REACTORS[category]);
    }
    expect([...seen].sort()).toEqual(Object.keys(STREAMS).sort());
  });

  it('every id is made of facts, and can be made again', async () => {
    const tape = await withRecordedTape(300, 6_000, (events) => wholeTape(events));
    let [decisions, evidence] = [0, 0];
    for (const event of tape) {
      const { reactor, causationId, index } = event.metadata;
      const key = reactor === undefined ? worldsKey(event) : `${reactor}|${causationId}|${index}`;
      if (key === undefined) continue;
      expect(event.id).toBe(uuid5(key));
      if (reactor === undefined) evidence++;
      else decisions++;
    }
    expect(decisions).toBeGreaterThan(200);
    expect(evidence).toBeGreaterThan(300);
    expect(new Set(tape.map(({ id }) => id)).size).toBe(tape.length);
  });

  it("an order's id comes from its signal's", async () => {
    const tape = await withRecordedTape(300, 2_000, (events) => wholeTape(events));
    const orders = tape.flatMap((event) => (event.type === 'OrderApproved' || event.type === 'OrderDenied' ? [event.data] : []));
    expect(orders.length).toBeGreaterThan(3);
    for (const { orderId, origin } of orders) expect(orderId).toBe(uuid5(`order|${origin.id}`));
  });

  it('every decision lies within the cascade of its evidence, in the order of its stream', async () => {
    const tape = await withRecordedTape(300, 2_000, (events) => wholeTape(events));
    const recorded = tape.flatMap((event) => (event.type === 'CascadeDecided' ? event.data.decisions : []));
    for (const stream of new Set(recorded.map((decision) => decision.stream))) {
      const copies = tape.filter((event) => event.stream === stream).map(({ id, data }) => ({ id, data }));
      expect(copies).toEqual(recorded.filter((decision) => decision.stream === stream).map(({ id, data }) => ({ id, data })));
    }
  });
});
