import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { eventSchemas } from '../../scripts/event-schemas.ts';
import { EVENT_TYPES, type EventName } from '../../src/domain/catalogue.ts';
import { categoryOf } from '../../src/domain/streams.ts';
import type { RecordedEvent } from '../../src/tape/envelope.ts';
import { HEADER, type Publication, publicationBytes, publicationOf, TOPICS } from '../../src/tape/publication.ts';
import { noon, recorded } from '../projections/recorded.ts';
import { withRecordedTape } from '../support/recorded-tape.ts';
import { wholeTape } from '../support/small-market.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'schemas', 'events');

/** The streams that an event of each type can be in. */
const STREAMS: Readonly<Record<EventName, readonly string[]>> = {
  BarClosed: ['bars-binance.BTCUSDT.1s.2024-03-01', 'rollups-binance.BTCUSDT.1m.2024-03-01'],
  BarCorrected: ['bars-binance.BTCUSDT.1s.2024-03-01'],
  DepthSampled: ['depth-binance.BTCUSDT.2024-03-01'],
  FeedStale: ['feed-binance.BTCUSDT'],
  FeedRecovered: ['feed-binance.BTCUSDT'],
  InstrumentListed: ['settings-main'],
  InstrumentUpdated: ['settings-main'],
  FeedConfigured: ['settings-main'],
  FeedRetired: ['settings-main'],
  AccountOpened: ['settings-main'],
  AccountUpdated: ['settings-main'],
  RiskLimitsSet: ['settings-main'],
  StrategyConfigured: ['settings-main'],
  StrategyRetired: ['settings-main'],
  SettingsApplied: ['settings-main'],
  SignalGenerated: ['signals-golden-cross'],
  OrderRequested: ['request-1'],
  OrderCancelRequested: ['request-1'],
  TradingHaltRequested: ['request-1'],
  TradingHaltContinued: ['request-1'],
  TradingResumeRequested: ['request-1'],
  OrderApproved: ['order-1'],
  OrderDenied: ['order-1'],
  OrderSubmitted: ['order-1'],
  OrderAccepted: ['order-1'],
  OrderRejected: ['order-1'],
  OrderUncertain: ['order-1'],
  OrderTriggered: ['order-1'],
  OrderFilled: ['order-1'],
  OrderCancelPending: ['order-1'],
  OrderCanceled: ['order-1'],
  OrderCancelRejected: ['order-1'],
  OrderExpired: ['order-1'],
  OrderUpdated: ['order-1'],
  OrderAnomalyDetected: ['order-1'],
  ExternalOrderSeen: ['order-1'],
  ExecutionReported: ['reports-paper-1'],
  PositionChanged: ['account-paper-1'],
  BalanceChanged: ['account-paper-1'],
  AccountMarked: ['account-paper-1'],
  TradingHalted: ['account-paper-1'],
  TradingResumed: ['account-paper-1'],
  CascadeDecided: ['engine'],
  EngineActivated: ['engine'],
};

/** What every stream of a category has one of: streams are named by these, or hold one event. */
const FIXED: Readonly<Record<string, readonly string[]>> = {
  bars: ['venue', 'symbol'],
  rollups: ['venue', 'symbol'],
  depth: ['venue', 'symbol'],
  feed: ['venue', 'symbol'],
  signals: ['venue', 'symbol'],
  order: ['account'],
  account: ['account'],
  reports: ['account'],
  request: ['account'],
  settings: [],
  engine: [],
};

interface Schema {
  readonly properties: {
    readonly data: { readonly required?: readonly string[]; readonly properties: Record<string, { type?: string }> };
  };
}

const SCHEMAS = eventSchemas();
const schemaOf = (type: string): Schema => JSON.parse(SCHEMAS.get(`${type}.json`) ?? '') as Schema;

/** The event, and the fields of its data that were looked at so far. */
function watched(type: EventName, stream: string) {
  const fields = new Set<string>();
  const data = new Proxy({} as Record<string, unknown>, {
    get: (_target, field) => {
      if (typeof field === 'string' && field !== 'toJSON') fields.add(field);
      return field === 'toJSON' ? () => ({}) : 'x';
    },
  });
  const event = { ...recorded(1, 'FeedRetired', stream, { venue: 'binance', symbol: 'BTCUSDT' }), type, data };
  return { event: event as unknown as RecordedEvent, fields };
}

async function recordedEvents(): Promise<RecordedEvent[]> {
  return withRecordedTape(400, 2_500, (events) => wholeTape(events));
}

const recordedOnce = recordedEvents();

describe('what is handed on', () => {
  it('has a topic for every event type of the catalogue, and a key made of what its stream has one of', () => {
    expect(Object.keys(STREAMS).sort()).toEqual(EVENT_TYPES.map(({ type }) => type).sort());
    const topics = new Set<string>();
    for (const [type, streams] of Object.entries(STREAMS)) {
      for (const stream of streams) {
        const { event, fields } = watched(type as EventName, stream);
        topics.add(publicationOf(event).topic);
        const fixed = FIXED[categoryOf(stream)] ?? [];
        for (const field of fields) expect([type, fixed]).toEqual([type, expect.arrayContaining([field])]);
        if (categoryOf(stream) === 'request') continue;
        expect([type, [...fields].sort()]).toEqual([type, [...fixed].sort()]);
        const { required = [], properties } = schemaOf(type).properties.data;
        for (const field of fields) {
          expect([type, required]).toEqual([type, expect.arrayContaining([field])]);
          expect([type, properties[field]?.type]).toEqual([type, 'string']);
        }
      }
    }
    expect([...topics].sort()).toEqual([...TOPICS].sort());
  });

  it('has one key for each stream of a real tape', async () => {
    const keys = new Map<string, Set<string>>();
    for (const event of await recordedOnce) {
      const { topic, key } = publicationOf(event);
      keys.set(event.stream, (keys.get(event.stream) ?? new Set()).add(`${topic} ${key}`));
    }
    expect(keys.size).toBeGreaterThan(15);
    expect([...keys].filter(([, some]) => some.size !== 1)).toEqual([]);
    const signals = [...keys].filter(([stream]) => stream.startsWith('signals-')).map(([, [one]]) => one);
    expect(new Set(signals)).toEqual(new Set(['signals binance.BTCUSDT', 'signals coinbase.BTC-USD']));
  });

  it('says in headers what a consumer chooses by, and the envelope as JSON', () => {
    const bare = recorded(7, 'FeedStale', 'feed-binance.BTCUSDT', {
      venue: 'binance',
      symbol: 'BTCUSDT',
      reason: 'gap',
      lastEventTime: null,
    });
    const event = { ...bare, metadata: { ...bare.metadata, traceparent: '00-a-b-01' } } as RecordedEvent;
    const publication: Publication = publicationOf(event);
    expect(publication).toMatchObject({ topic: 'feeds', key: 'binance.BTCUSDT' });
    expect(publication.headers).toEqual({
      'event-id': event.id,
      type: 'FeedStale',
      'schema-version': '2',
      stream: 'feed-binance.BTCUSDT',
      revision: '7',
      position: '7',
      'correlation-id': event.metadata.correlationId,
      'causation-id': event.metadata.causationId,
      traceparent: '00-a-b-01',
    });
    expect(publicationOf(bare).headers).not.toHaveProperty('traceparent');
    const envelope = JSON.parse(publication.value);
    expect(envelope).toMatchObject({ id: event.id, data: { reason: 'gap' }, metadata: { recordedAt: noon(3607) } });
    const texts = [publication.key, publication.value, ...Object.entries(publication.headers).flat()];
    expect(publicationBytes(publication)).toBe(Buffer.byteLength(texts.join('')));
  });

  it('is documented: every topic with its streams, and every header', () => {
    const document = readFileSync(join(FOLDER, '..', '..', 'docs', 'guides', 'kafka.md'), 'utf8');
    for (const topic of TOPICS) expect(document).toContain(`| \`tapedeck.${topic}\` |`);
    for (const streams of Object.values(STREAMS).flat())
      expect(document).toMatch(new RegExp(`\`${categoryOf(streams)}(-[^\`]+)?\``));
    for (const header of Object.values(HEADER)) expect(document).toContain(`\`${header}\``);
  });

  it('throws for a stream that nobody has given a topic, rather than leaving it out', () => {
    const event = recorded(1, 'FeedRetired', 'weather-1', { venue: 'binance', symbol: 'BTCUSDT' });
    expect(() => publicationOf(event)).toThrow(/weather-1/);
  });
});

describe('the published schemas', () => {
  it('are those of the catalogue: "npm run schemas" makes them', () => {
    const written = new Map(readdirSync(FOLDER).map((file) => [file, readFileSync(join(FOLDER, file), 'utf8')]));
    expect([...written.keys()].sort()).toEqual([...SCHEMAS.keys()].sort());
    for (const [file, text] of SCHEMAS) expect([file, written.get(file)]).toEqual([file, text]);
  });

  it('hold for every event of a real tape, and refuse what is changed in them', async () => {
    const ajv = new Ajv2020({ formats: { uuid: true }, allowUnionTypes: true });
    const validators = new Map<string, ValidateFunction>();
    const validatorOf = (type: string): ValidateFunction => {
      const known = validators.get(type) ?? ajv.compile(schemaOf(type));
      validators.set(type, known);
      return known;
    };
    for (const event of await recordedOnce) {
      const validate = validatorOf(event.type);
      const envelope = JSON.parse(publicationOf(event).value);
      expect([event.type, validate(envelope), validate.errors]).toEqual([event.type, true, null]);
      expect([event.type, validate({ ...envelope, revision: -1 })]).toEqual([event.type, false]);
      expect([event.type, validate({ ...envelope, data: { ...envelope.data, more: 1 } })]).toEqual([event.type, false]);
    }
    expect(validators.size).toBeGreaterThan(15);
    const bar = (await recordedOnce).find(({ type }) => type === 'BarClosed');
    const envelope = JSON.parse(publicationOf(bar as RecordedEvent).value);
    for (const close of [1, '1e5', '-1', '0', '01', '']) {
      expect([close, validatorOf('BarClosed')({ ...envelope, data: { ...envelope.data, close } })]).toEqual([close, false]);
    }
  });
});
