/**
 * Events as they are handed on to others. Every event of a stream has the same key, so that a stream keeps its order:
 * which fields make the key is said by the stream's category, never by what an event happens to hold.
 */

import { categoryOf } from '../domain/streams.ts';
import { envelopeOf, type RecordedEvent } from './envelope.ts';

/** One event as it is handed on. */
export interface Publication {
  /** Such as `orders`. */
  readonly topic: string;
  /** Records under one key keep their order. */
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

type Facts = Readonly<Record<string, unknown>>;

interface Route {
  readonly topic: string;
  readonly key: (event: RecordedEvent) => string;
}

const byInstrument = (event: RecordedEvent): string => `${text(event, 'venue')}.${text(event, 'symbol')}`;
const byAccount = (event: RecordedEvent): string => text(event, 'account');
const byStream = ({ stream }: RecordedEvent): string => stream;

/** A stream holds one request, so that each may have the key that it can; what continues a halt has none, as the halt. */
const byAccountIfAny = (event: RecordedEvent): string =>
  (event.data as Facts).account === undefined ? event.stream : byAccount(event);

const ROUTES: Readonly<Record<string, Route>> = {
  bars: { topic: 'bars', key: byInstrument },
  rollups: { topic: 'bars', key: byInstrument },
  depth: { topic: 'depth', key: byInstrument },
  feed: { topic: 'feeds', key: byInstrument },
  // A strategy keeps its instrument for good: `settings apply` refuses another.
  signals: { topic: 'signals', key: byInstrument },
  request: { topic: 'requests', key: byAccountIfAny },
  order: { topic: 'orders', key: byAccount },
  account: { topic: 'accounts', key: byAccount },
  reports: { topic: 'reports', key: byAccount },
  settings: { topic: 'settings', key: byStream },
  engine: { topic: 'engine', key: byStream },
};

/** Every topic that something is published on. */
export const TOPICS: readonly string[] = [...new Set(Object.values(ROUTES).map(({ topic }) => topic))];

/** Names of the headers. */
export const HEADER = {
  id: 'event-id',
  type: 'type',
  schemaVersion: 'schema-version',
  stream: 'stream',
  revision: 'revision',
  position: 'position',
  correlationId: 'correlation-id',
  causationId: 'causation-id',
  traceparent: 'traceparent',
} as const;

/** An event as it is published: the envelope as JSON, with what a consumer chooses by in the headers. */
export function publicationOf(event: RecordedEvent): Publication {
  const route = ROUTES[categoryOf(event.stream)];
  if (route === undefined) throw new Error(`stream "${event.stream}" is of a category that is not published anywhere`);
  const { metadata } = event;
  return {
    topic: route.topic,
    key: route.key(event),
    value: JSON.stringify(envelopeOf(event)),
    headers: {
      [HEADER.id]: event.id,
      [HEADER.type]: event.type,
      [HEADER.schemaVersion]: String(event.schemaVersion),
      [HEADER.stream]: event.stream,
      [HEADER.revision]: String(event.revision),
      [HEADER.position]: event.position,
      [HEADER.correlationId]: metadata.correlationId,
      [HEADER.causationId]: metadata.causationId,
      ...(metadata.traceparent === undefined ? {} : { [HEADER.traceparent]: metadata.traceparent }),
    },
  };
}

/** Bytes of key, value and headers. */
export function publicationBytes({ key, value, headers }: Publication): number {
  let bytes = Buffer.byteLength(key) + Buffer.byteLength(value);
  for (const name of Object.keys(headers)) bytes += name.length + Buffer.byteLength(headers[name] as string);
  return bytes;
}

function text(event: RecordedEvent, field: string): string {
  const value = (event.data as Facts)[field];
  if (typeof value !== 'string') throw new Error(`${event.type} ${event.id} of "${event.stream}" has no ${field} to be its key`);
  return value;
}
