/**
 * From an address to the store behind it. The scheme of the address picks the adapter, and only that one is
 * loaded: all of them together would double the time that a command takes to start.
 */

import type { Logger } from 'pino';
import type { FeedSettings, InstrumentSettings } from '../domain/settings/settings.ts';
import type { Time } from '../ports/clock.ts';
import { StoreError } from '../ports/errors.ts';
import type { EventStore, TapeReader } from '../ports/event-store.ts';
import type { Feed } from '../ports/feed.ts';
import type { Leases } from '../ports/leases.ts';
import type { PublishedReader, Publisher } from '../ports/publisher.ts';
import type { ReadStore } from '../ports/read-store.ts';
import { isMongoAddress } from './mongodb/address.ts';

const SQLITE = 'sqlite:';
const MEMORY = 'memory:';
const EVENT_STORE_DB = /^esdb(\+discover)?:/;

/** Opens the tape at `sqlite:FILE`, `esdb://...` or `memory:`. Throws StoreError for another address, or when it cannot be opened. */
export async function openEventStore(address: string, time: Time): Promise<EventStore> {
  if (address === MEMORY) return (await import('./memory/event-store.ts')).openMemoryEventStore({ time, hasLock: true });
  if (EVENT_STORE_DB.test(address)) return (await import('./eventstoredb/event-store.ts')).openEventStoreDb(address, time);
  return (await import('./sqlite/event-store.ts')).openSqliteEventStore(tapeFileOf(address), time);
}

/** Opens the read store at `sqlite:FILE`, `mongodb://...` or `memory:`. Throws StoreError as `openEventStore` does. */
export async function openReadStore(address: string, time: Time): Promise<ReadStore> {
  if (address === MEMORY) return (await import('./memory/read-store.ts')).openMemoryReadStore();
  if (isMongoAddress(address)) return (await import('./mongodb/read-store.ts')).openMongoReadStore(address, time);
  return (await import('./sqlite/read-store.ts')).openSqliteReadStore(fileOf(address, 'read store'), time);
}

/**
 * Opens the leases of the instances that share the read store at `address`; they are kept with it. Throws StoreError as
 * `openReadStore` does.
 */
export async function openLeases(address: string, time: Time): Promise<Leases> {
  if (address === MEMORY) return (await import('./memory/leases.ts')).openMemoryLeases();
  if (isMongoAddress(address)) return (await import('./mongodb/leases.ts')).openMongoLeases(address, time);
  return (await import('./sqlite/leases.ts')).openSqliteLeases(`${fileOf(address, 'read store')}-leases`, time);
}

/** A publisher on the brokers of that address, `host:port,...` or `kafka+ssl://...`. Throws StoreError for another address. */
export async function openPublisher(address: string, log: Logger, time: Time): Promise<Publisher> {
  return (await import('./kafka/publisher.ts')).openKafkaPublisher(address, log, time);
}

/** Opens a reader of the records published on the brokers of that address. Throws StoreError as `openPublisher` does. */
export async function openPublished(address: string, log: Logger, time: Time): Promise<PublishedReader> {
  return (await import('./kafka/reader.ts')).openKafkaReader(address, log, time);
}

/** Can another thread have connections of its own to both stores? What is in memory is of one thread alone. */
export function canBeShared(addresses: { readonly eventStore: string; readonly readStore: string }): boolean {
  return addresses.eventStore !== MEMORY && addresses.readStore !== MEMORY;
}

/** Opens the tape at `sqlite:FILE`, which must be there, or at `esdb://...`, for reading only. */
export async function openTapeToRead(address: string, time: Time): Promise<TapeReader> {
  if (EVENT_STORE_DB.test(address)) return (await import('./eventstoredb/event-store.ts')).openEventStoreDb(address, time);
  return (await import('./sqlite/event-store.ts')).openSqliteTapeToRead(tapeFileOf(address), time);
}

/** Opens the read store at `sqlite:FILE`, which must be there, or `mongodb://...`, for reading only: every write fails. */
export async function openReadStoreToRead(address: string, time: Time): Promise<ReadStore> {
  if (isMongoAddress(address)) return (await import('./mongodb/read-store.ts')).openMongoReadStoreToRead(address, time);
  return (await import('./sqlite/read-store.ts')).openSqliteReadStoreToRead(fileOf(address, 'read store'), time);
}

/** Recorded files as a feed, one session in their order. Reading it throws RecordingError for what is no recording. */
export function openRecording(files: readonly string[], feed: FeedSettings, instrument: InstrumentSettings): Feed {
  return {
    async *evidence(reading) {
      const { recordingFeed } = await import('./recordings/recording.ts');
      yield* recordingFeed(files, feed, instrument).evidence(reading);
    },
  };
}

/** Throws RecordingError for a file that is no recording of a known kind. */
export async function checkRecording(file: string): Promise<void> {
  return (await import('./recordings/recording.ts')).checkRecording(file);
}

/** The feed that its settings name, whose recordings lie where `pathOf` says; null where they name no source. */
export function openFeed(feed: FeedSettings, instrument: InstrumentSettings, pathOf: (recording: string) => string): Feed | null {
  return feed.recordings.length === 0 ? null : openRecording(feed.recordings.map(pathOf), feed, instrument);
}

function tapeFileOf(address: string): string {
  return fileOf(address, 'event store', '"sqlite:FILE", "esdb://..." or "memory:"');
}

function fileOf(address: string, what: string, known = '"sqlite:FILE", "mongodb://..." or "memory:"'): string {
  const file = address.startsWith(SQLITE) ? address.slice(SQLITE.length) : '';
  if (file !== '') return file;
  throw new StoreError(`the address of the ${what}, ${nameOf(address)}, is not known: use ${known}`);
}

/** An address may hold a password: no more than its scheme is ever shown. */
function nameOf(address: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:(?=\/\/|$)/i.exec(address)?.[0];
  return scheme === undefined ? 'which has no scheme' : `"${scheme}..."`;
}
