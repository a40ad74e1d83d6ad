/** A server for the tests of one file that speaks MongoDB's protocol: at TAPEDECK_TEST_READ_STORE, or else a local program. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { databaseAt } from '../addresses.ts';
import { type LocalFerretDb, startLocalFerretDb } from './local-ferretdb.ts';

export const NOT_OURS = 'the server at TAPEDECK_TEST_READ_STORE is not ours to end or freeze';

export interface GivenMongoDb {
  /** Of the server, once the tests run. */
  readonly address: () => string;
  /** The address of a database there that nobody else uses, with `options` as well. */
  readonly place: (options?: string) => string;
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
  const address = (): string => local?.address ?? given ?? '';
  return {
    address,
    place: (options = '') => databaseAt(address(), `test-${randomUUID().slice(0, 8)}`, options),
    local: () => local,
  };
}
