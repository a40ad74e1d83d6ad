/** A server for the tests of one file that speaks MongoDB's protocol: at TAPEDECK_TEST_READ_STORE, or else a local program. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { type LocalFerretDb, startLocalFerretDb } from './local-ferretdb.ts';

export interface GivenMongoDb {
  /** The address of a database that nobody else uses; the server is there once the tests run. */
  readonly place: () => string;
  /** The server, where it is ours to kill; undefined where an address was given. */
  readonly local: () => LocalFerretDb | undefined;
}

export function givenMongoDb(): GivenMongoDb {
  const given = process.env.TAPEDECK_TEST_READ_STORE;
  let local: LocalFerretDb | undefined;
  beforeAll(async () => {
    if (given === undefined || given === '') local = await startLocalFerretDb();
  });
  afterAll(async () => {
    await local?.stop();
  });
  return {
    place: () =>
      withDatabase(local === undefined ? (given ?? '') : `mongodb://${local.address}`, `test-${randomUUID().slice(0, 8)}`),
    local: () => local,
  };
}

/** Users of an address with a database are looked up there, unless it says where. */
function withDatabase(address: string, database: string): string {
  const [, server = '', known, query = ''] = /^([^/]+:\/\/[^/?]+)(?:\/([^?]*))?(\?.*)?$/.exec(address) ?? [];
  const source = server.includes('@') && !query.includes('authSource') ? `authSource=${known || 'admin'}` : '';
  const options = [query.slice(1), source].filter((text) => text !== '').join('&');
  return `${server}/${database}${options === '' ? '' : `?${options}`}`;
}
