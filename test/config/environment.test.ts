import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '../../src/config/environment.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';

const temporary = new TemporaryFolder();
const SECRET = 'a-secret-of-some-length';

function messageFor(env: Record<string, string>): string {
  try {
    readConfig(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  return expect.fail('the environment was taken');
}

function secretFile(text: string): string {
  const file = join(temporary.path, 'keys');
  writeFileSync(file, text);
  return file;
}

describe('the environment', () => {
  it('may be empty: the server is bound to this machine, and the stores lie in .tapedeck', () => {
    const folder = resolve('.tapedeck');
    expect(readConfig({})).toMatchObject({
      host: '127.0.0.1',
      port: 3000,
      dataFolder: folder,
      eventStore: `sqlite:${join(folder, 'tape.sqlite')}`,
      readStore: `sqlite:${join(folder, 'read-models.sqlite')}`,
      settingsFile: resolve('settings', 'default.json'),
      logLevel: 'info',
      apiKeys: [],
    });
  });

  it('with empty variables is as one without them', () => {
    const names = [
      'HOST',
      'PORT',
      'TAPEDECK_DATA',
      'TAPEDECK_EVENT_STORE',
      'TAPEDECK_READ_STORE',
      'TAPEDECK_KAFKA',
      'TAPEDECK_SETTINGS',
    ];
    const empty = [...names, 'TAPEDECK_LOG_LEVEL', 'TAPEDECK_API_KEYS', 'TAPEDECK_API_KEYS_FILE'].map((name) => [name, '']);
    expect(readConfig(Object.fromEntries(empty))).toEqual(readConfig({}));
  });

  it('names every variable that is wrong, at once, and never a secret', () => {
    const message = messageFor({
      PORT: 'eighty',
      TAPEDECK_LOG_LEVEL: 'loud',
      TAPEDECK_API_KEYS: `alice:${SECRET},${SECRET}${SECRET},bob:short`,
    });
    for (const name of ['PORT', 'TAPEDECK_LOG_LEVEL', 'TAPEDECK_API_KEYS: entry 2', 'TAPEDECK_API_KEYS: entry 3']) {
      expect(message).toContain(name);
    }
    expect(message).not.toContain(SECRET);
    expect(message).not.toContain('short');
  });

  it.each(['-1', '65536', '3.5', '0x10', '1e3'])('has no port %s', (port) => {
    expect(messageFor({ PORT: port })).toContain('PORT');
  });

  it('gives API keys separated by commas or lines, with spaces around them', () => {
    const keys = [
      { name: 'alice', scope: 'trade', key: SECRET },
      { name: 'bob', scope: 'trade', key: `${SECRET}:2` },
    ];
    expect(readConfig({ TAPEDECK_API_KEYS: ` alice:${SECRET} , bob:trade:${SECRET}:2,` }).apiKeys).toEqual(keys);
    expect(readConfig({ TAPEDECK_API_KEYS: `alice:${SECRET}\r\nbob:trade:${SECRET}:2\n` }).apiKeys).toEqual(keys);
  });

  it('gives keys that may only read', () => {
    const { apiKeys } = readConfig({ TAPEDECK_API_KEYS: `eve:read:${SECRET},bob:trade:${SECRET}-2` });
    expect(apiKeys).toEqual([
      { name: 'eve', scope: 'read', key: SECRET },
      { name: 'bob', scope: 'trade', key: `${SECRET}-2` },
    ]);
    expect(messageFor({ TAPEDECK_API_KEYS: 'eve:read:short' })).toContain('entry 1');
  });

  it.each([
    ['a scope and too short a key, which together are as long as one', 'short:read:0123456789a', 'of 16 to 256 characters'],
    ['a scope in other letters', `caps:Read:${SECRET}`, 'neither "read" nor "trade"'],
    ['a key with a colon and no scope', `bob:${SECRET}:2`, 'neither "read" nor "trade"'],
    ['the key of one before it', `eve:read:${SECRET},bob:trade:${SECRET}`, 'entry 2 has the same key'],
    ['the name of one before it, in another scope', `eve:read:${SECRET},eve:trade:${SECRET}-2`, 'entry 2 has a name'],
    ['the name of requests without a key', `local:${SECRET}`, 'reserved'],
    ['the key of an example', 'reader:read:replace-this-with-a-long-random-key', 'an example'],
  ])('refuses %s', (_what, keys, message) => {
    expect(messageFor({ TAPEDECK_API_KEYS: keys })).toContain(message);
    expect(messageFor({ TAPEDECK_API_KEYS: keys })).not.toContain(SECRET);
  });

  it('takes a second key for one name, while the first is replaced', () => {
    const { apiKeys } = readConfig({ TAPEDECK_API_KEYS: `eve:read:${SECRET},eve:read:${SECRET}-2` });
    expect(apiKeys.map(({ name, key }) => [name, key])).toEqual([
      ['eve', SECRET],
      ['eve', `${SECRET}-2`],
    ]);
  });

  it('limits the rate of each key, and lets no web page in unless it is named', () => {
    expect(readConfig({})).toMatchObject({ rateLimit: 5_000, corsOrigins: [] });
    const set = readConfig({
      TAPEDECK_RATE_LIMIT: '20',
      TAPEDECK_CORS_ORIGINS: 'https://desk.example.com, http://localhost:8080',
    });
    expect(set).toMatchObject({ rateLimit: 20, corsOrigins: ['https://desk.example.com', 'http://localhost:8080'] });
    for (const limit of ['0', '-1', 'many']) expect(messageFor({ TAPEDECK_RATE_LIMIT: limit })).toContain('TAPEDECK_RATE_LIMIT');
    for (const origin of ['*', 'desk.example.com', 'https://desk.example.com/', 'file://x']) {
      expect(messageFor({ TAPEDECK_CORS_ORIGINS: origin })).toContain('TAPEDECK_CORS_ORIGINS');
    }
  });

  it('says how long a lease is, in whole seconds', () => {
    expect(readConfig({})).toMatchObject({ leaseMs: 10_000 });
    expect(readConfig({ TAPEDECK_LEASE_SECONDS: '3' })).toMatchObject({ leaseMs: 3_000 });
    for (const seconds of ['0', '1.5', '-1', '1000', 'ten']) {
      expect(messageFor({ TAPEDECK_LEASE_SECONDS: seconds })).toContain('TAPEDECK_LEASE_SECONDS: must be a number of seconds');
    }
  });

  it('may name a file that the secret lies in, which then counts', () => {
    const file = secretFile(`alice:${SECRET}\n`);
    const { apiKeys } = readConfig({ TAPEDECK_API_KEYS_FILE: file, TAPEDECK_API_KEYS: '' });
    expect(apiKeys).toEqual([{ name: 'alice', scope: 'trade', key: SECRET }]);
  });

  it.each([
    ['TAPEDECK_EVENT_STORE', 'eventStore'],
    ['TAPEDECK_READ_STORE', 'readStore'],
    ['TAPEDECK_KAFKA', 'kafka'],
  ] as const)('of an address, %s, may lie in a file too', (name, field) => {
    const file = secretFile('sqlite:/srv/somewhere.sqlite\n');
    expect(readConfig({ [`${name}_FILE`]: file })[field]).toBe('sqlite:/srv/somewhere.sqlite');
  });

  it('is refused when that file cannot be read, beside whatever else is wrong', () => {
    const missing = join(temporary.path, 'no-such-file');
    const message = messageFor({ TAPEDECK_API_KEYS_FILE: missing, PORT: 'eighty' });
    expect(message).toContain(`TAPEDECK_API_KEYS_FILE: "${missing}" cannot be read (ENOENT)`);
    expect(message).toContain('PORT');
    const long = secretFile('x'.repeat(65_537));
    expect(messageFor({ TAPEDECK_API_KEYS_FILE: long })).toContain(`"${long}" is longer than 65536 bytes`);
    const endless = messageFor({ TAPEDECK_API_KEYS_FILE: '/dev/zero' });
    expect(endless).toContain('TAPEDECK_API_KEYS_FILE: "/dev/zero" is not a plain file');
  });
});
