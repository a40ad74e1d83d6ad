import { describe, expect, test } from 'vitest';
import { isMongoAddress, parseMongoAddress } from '../../../src/adapters/mongodb/address.ts';
import { MongoConnection } from '../../../src/adapters/mongodb/connection.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { StoreError } from '../../../src/ports/errors.ts';

describe('an address of MongoDB', () => {
  test('is known by its scheme', () => {
    expect(['mongodb://a', 'mongodb+srv://a.example'].every(isMongoAddress)).toBe(true);
    expect(['sqlite:a', 'memory:', 'mongo://a', 'mongodb:a'].some(isMongoAddress)).toBe(false);
  });

  test('names hosts, and a database, which is "tapedeck" unless said', () => {
    expect(parseMongoAddress('mongodb://one')).toEqual({
      uri: 'mongodb://one/',
      database: 'tapedeck',
      bulkSize: undefined,
      options: [],
      place: 'one/tapedeck',
    });
    expect(parseMongoAddress('mongodb://one:27017,[::1]:27018/models?replicaSet=rs0')).toMatchObject({
      uri: 'mongodb://one:27017,[::1]:27018/models?replicaSet=rs0',
      database: 'models',
      options: ['replicaSet'],
    });
  });

  test('keeps user and password to itself', () => {
    const { uri, place } = parseMongoAddress('mongodb+srv://alice:s%40cret@cluster.example/models');
    expect(uri).toBe('mongodb+srv://alice:s%40cret@cluster.example/models');
    expect(place).toBe('cluster.example/models');
  });

  test('says how many documents are written at once, which is nothing for the driver', () => {
    const { uri, bulkSize } = parseMongoAddress('mongodb://one/?tapedeckBulkSize=40&tls=true');
    expect([uri, bulkSize]).toEqual(['mongodb://one/?tls=true', 40]);
  });

  test('may ask for what is done anyway', () => {
    expect(parseMongoAddress('mongodb://one/?w=majority&retryWrites=true').options).toEqual(['w', 'retryWrites']);
  });

  test.each([
    ['mongodb://', /is not of the form/],
    ['mongodb://alice:s/cret@one/models', /is not of the form/],
    ['mongodb://alice:s?cret@one/models', /is not of the form/],
    ['mongodb://alice:s@cret@one/models', /is not of the form|no database/],
    ['mongodb://one:port/models', /is not of the form/],
    ['mongodb://one two/models', /is not of the form/],
    ['mongodb://one/a.secret', /names no database that can be/],
    ['mongodb://one/?tapedeckBulkSize=0', /from 1 to 1000/],
    ['mongodb://one/?tapedeckBulkSize=secret', /from 1 to 1000/],
    ['mongodb://alice:2024?s/cret@one', /written as %40/],
    ['mongodb://alice:2024?secret@one', /written as %40/],
    ['mongodb://one/?journal=false', /always uses "true"/],
    ['mongodb://one/?w=1', /sets "w": leave it out, Tapedeck always uses "majority"/],
    ['mongodb://one/?readPreference=secondary', /always uses "primary"/],
    ['mongodb://one/?wtimeoutMS=1', /sets "wtimeoutMS": leave it out, Tapedeck always waits 10 seconds for a majority/],
    ['mongodb://one/?w=majority&wTimeoutMS=0', /sets "wTimeoutMS": leave it out/],
    ['mongodb://one/?wtimeout=60000', /sets "wtimeout": leave it out/],
  ])('that cannot be one, %s, is refused without its secrets', (address, message) => {
    const refused = () => connect(address);
    expect(refused).toThrow(StoreError);
    expect(refused).toThrow(message);
    expect(refused).not.toThrow(/secret|s\/cret|s\?cret|alice/);
  });

  test.each([
    ['mongodb://one/?secretOption=1', /it knows no option "secretoption"/],
    ['mongodb://alice:secret@one/?authMechanism=secret', /look at its hosts and options/],
    ['mongodb+srv://one:27017/', /look at its hosts and options/],
  ])('that the driver refuses, %s, is told of without the words that hold secrets', (address, message) => {
    const refused = () => connect(address);
    expect(refused).toThrow(StoreError);
    expect(refused).toThrow(message);
    expect(refused).not.toThrow(/alice|=secret/);
  });
});

function connect(address: string): MongoConnection {
  const limits = {
    serverSelectionTimeoutMS: 10,
    connectTimeoutMS: 10,
    waitQueueTimeoutMS: 10,
    socketTimeoutMS: 10,
    maxPoolSize: 1,
  };
  return new MongoConnection(parseMongoAddress(address), 'read store', limits, systemTime);
}
