/** Addresses of MongoDB: `mongodb://[USER:PASSWORD@]HOST[:PORT][,...][/DATABASE][?OPTIONS]`, or `mongodb+srv://`. */

import { StoreError } from '../../ports/errors.ts';
import { MAX_PEM_BYTES, readSmallFile } from '../../text-file.ts';

export interface MongoAddress {
  /** For the driver: the address without what is Tapedeck's own. Holds secrets. */
  readonly uri: string;
  readonly database: string;
  /** Documents that are written by one command at most; undefined: what suits the server. */
  readonly bulkSize: number | undefined;
  /** Names of the driver's options that are given. */
  readonly options: readonly string[];
  /** For people: hosts and database, no secrets. */
  readonly place: string;
}

const DEFAULT_DATABASE = 'tapedeck';
const BULK_SIZE = 'tapedeckbulksize';
const MAX_BULK_SIZE = 1_000;

/** What was told to be kept must be, and what is read must not be taken back: an address cannot say otherwise. */
const FIXED = new Map([
  ['w', 'majority'],
  ['journal', 'true'],
  ['j', 'true'],
  ['readpreference', 'primary'],
  ['readconcernlevel', 'majority'],
]);

/**
 * How long the server waits for a majority, under its names of today and of before. When that is over it tells of a
 * failure, though the write is there and is not taken back; with 0 it waits for ever.
 */
const MAJORITY_WAIT = new Set(['wtimeout', 'wtimeoutms']);

/** Options that name a file, which the driver reads. */
const FILES = new Set(['tlscafile', 'tlscertificatekeyfile', 'tlscrlfile']);

const SHAPE = /^(mongodb(?:\+srv)?:\/\/)(?:([^@/?#]*)@)?([^@/?#]+)(?:\/([^?#]*))?(?:\?([^#]*))?$/;
const HOSTS = /^(?:\[[0-9a-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?(?:,(?:\[[0-9a-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?)*$/i;
const DATABASE = /^[A-Za-z0-9_-]{1,60}$/;

export function isMongoAddress(address: string): boolean {
  return /^mongodb(\+srv)?:\/\//.test(address);
}

/** Throws StoreError for an address that cannot be one; the message has none of its secrets. */
export function parseMongoAddress(address: string): MongoAddress {
  const [, scheme, login, hosts, path = '', query = ''] = SHAPE.exec(address) ?? [];
  if (scheme === undefined || hosts === undefined || !HOSTS.test(hosts) || path.includes('@') || query.includes('@')) {
    throw new StoreError(
      'the address of MongoDB is not of the form "mongodb://USER:PASSWORD@HOST:PORT/DATABASE?OPTIONS" (in user and password, "@", ":", "/", "?", "#" and "%" are written as %40, %3A, %2F, %3F, %23 and %25)',
    );
  }
  const database = path === '' ? DEFAULT_DATABASE : path;
  if (!DATABASE.test(database)) {
    throw new StoreError(
      `the address of MongoDB at ${hosts} names no database that can be: use letters, digits, "_" and "-", or leave it out for "${DEFAULT_DATABASE}"`,
    );
  }
  const place = `${hosts}/${database}`;
  const all = query === '' ? [] : query.split('&').map((text) => parseOption(text));
  for (const { name, value } of all) {
    assertNotFixed(name, value, place);
    assertNoMajorityWait(name, place);
    assertReadable(name, value, place);
  }
  const options = all.filter(({ name }) => name.toLowerCase() !== BULK_SIZE);
  const search = options.length === 0 ? '' : `?${options.map(({ text }) => text).join('&')}`;
  return {
    uri: `${scheme}${login === undefined ? '' : `${login}@`}${hosts}/${path}${search}`,
    database,
    bulkSize: parseBulkSize(all.find(({ name }) => name.toLowerCase() === BULK_SIZE)?.value, place),
    options: options.map(({ name }) => name),
    place,
  };
}

function parseOption(text: string): { readonly text: string; readonly name: string; readonly value: string } {
  const [name = '', value = ''] = text.split('=');
  return { text, name, value };
}

function assertNotFixed(name: string, value: string, place: string): void {
  const only = FIXED.get(name.toLowerCase());
  if (only === undefined || value.toLowerCase() === only) return;
  throw new StoreError(`the address of MongoDB at ${place} sets "${name}": leave it out, Tapedeck always uses "${only}"`);
}

function assertNoMajorityWait(name: string, place: string): void {
  if (!MAJORITY_WAIT.has(name.toLowerCase())) return;
  throw new StoreError(
    `the address of MongoDB at ${place} sets "${name}": leave it out, Tapedeck always waits 10 seconds for a majority and then writes again`,
  );
}

/** The driver would wait for ever for what a pipe gives. */
function assertReadable(name: string, value: string, place: string): void {
  if (!FILES.has(name.toLowerCase())) return;
  try {
    readSmallFile(decodeURIComponent(value), MAX_PEM_BYTES);
  } catch (error) {
    throw new StoreError(`the address of MongoDB at ${place}: the file of its option "${name}" ${(error as Error).message}`);
  }
}

function parseBulkSize(text: string | undefined, place: string): number | undefined {
  if (text === undefined) return undefined;
  const size = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (size >= 1 && size <= MAX_BULK_SIZE) return size;
  throw new StoreError(
    `the address of MongoDB at ${place} sets "tapedeckBulkSize": use a number of documents from 1 to ${MAX_BULK_SIZE}`,
  );
}
