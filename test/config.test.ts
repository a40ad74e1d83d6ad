import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '../src/config.ts';
import { TemporaryFolder } from './adapters/temporary-folder.ts';

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
    const names = ['HOST', 'PORT', 'TAPEDECK_DATA', 'TAPEDECK_EVENT_STORE', 'TAPEDECK_READ_STORE', 'TAPEDECK_SETTINGS'];
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
      { name: 'alice', key: SECRET },
      { name: 'bob', key: `${SECRET}:2` },
    ];
    expect(readConfig({ TAPEDECK_API_KEYS: ` alice:${SECRET} , bob:${SECRET}:2,` }).apiKeys).toEqual(keys);
    expect(readConfig({ TAPEDECK_API_KEYS: `alice:${SECRET}\r\nbob:${SECRET}:2\n` }).apiKeys).toEqual(keys);
  });

  it('may name a file that the secret lies in, which then counts', () => {
    const file = secretFile(`alice:${SECRET}\n`);
    const { apiKeys } = readConfig({ TAPEDECK_API_KEYS_FILE: file, TAPEDECK_API_KEYS: '' });
    expect(apiKeys).toEqual([{ name: 'alice', key: SECRET }]);
  });

  it('is refused when that file cannot be read, beside whatever else is wrong', () => {
    const missing = join(temporary.path, 'no-such-file');
    const message = messageFor({ TAPEDECK_API_KEYS_FILE: missing, PORT: 'eighty' });
    expect(message).toContain(`TAPEDECK_API_KEYS_FILE: "${missing}" cannot be read (ENOENT)`);
    expect(message).toContain('PORT');
  });
});
