import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadSettings, recordingPath, SettingsError } from '../../src/requests/settings-file.ts';
import { smallSettings } from '../support/small-market.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';

const temporary = new TemporaryFolder();

function fileWith(text: string): string {
  const file = join(temporary.path, 'settings.json');
  writeFileSync(file, text);
  return file;
}

describe('a settings file', () => {
  it('is read with the defaults that it leaves out', async () => {
    const settings = smallSettings(3, 1, 2);
    expect(await loadSettings(fileWith(JSON.stringify(settings)))).toEqual(settings);
  });

  it('with mistakes is refused with its name and all of them', async () => {
    const file = fileWith(JSON.stringify({ ...smallSettings(0, 9, 2), surprise: 1 }));
    const refusal = loadSettings(file);
    await expect(refusal).rejects.toThrow(SettingsError);
    await expect(refusal).rejects.toThrow(`${file} cannot be used, it has 3 mistakes:\n`);
    await expect(refusal).rejects.toThrow(/generation.*\n.*surprise.*\n.*strategies\[0\]\.params\.fast/);
  });

  it.each([
    ['{ "generation": 1,, }', 'line 1, column 19'],
    ['{\n  "generation": one }', 'line 2, column 17'],
    ['{\n\n"feeds": [{}, ,] }', 'line 3, column 15'],
    ['{ "feeds": , }', 'line 1, column 12'],
    ['root:$y$j9T$aSecret:20000:0', 'line 1, column 1'],
    ['{ "generation": 1', 'line 1, column 18'],
    ['', 'line 1, column 1'],
  ])('that is not JSON is refused with where, and without its text: %j', async (text, place) => {
    const file = fileWith(text);
    await expect(loadSettings(file)).rejects.toThrow(new SettingsError(file, [`(file): is not JSON: look at ${place}`]));
  });

  it.each([
    ['{ "generation": 1, "feeds": [], "generation": 2 }', 'generation'],
    ['{ "accounts": [{ "limits": { "leverage": "1", "x": ":{}", "l\\u0065verage": "9" } }] }', 'leverage'],
  ])('in which a member stands twice is refused with the member: %j', async (text, member) => {
    await expect(loadSettings(fileWith(text))).rejects.toThrow(`the member "${member}" stands twice in one object`);
  });

  it('may have the same member in different objects', async () => {
    const settings = smallSettings(3, 1, 2);
    const { strategies } = settings;
    expect(strategies.length + settings.accounts.length).toBeGreaterThan(1);
    expect(await loadSettings(fileWith(JSON.stringify(settings, null, 2)))).toEqual(settings);
  });

  it('that is not there is refused with what to do', async () => {
    const missing = join(temporary.path, 'none.json');
    await expect(loadSettings(missing)).rejects.toThrow(/none\.json cannot be used.*\n.*ENOENT.*TAPEDECK_SETTINGS/);
    await expect(loadSettings(temporary.path)).rejects.toThrow(/is not a plain file/);
    await expect(loadSettings('/dev/zero')).rejects.toThrow('(file): is not a plain file');
    const long = fileWith('');
    truncateSync(long, 16_777_217);
    await expect(loadSettings(long)).rejects.toThrow('(file): is longer than 16777216 bytes');
  });

  it('names recordings from where it lies', () => {
    expect(recordingPath('/etc/tapedeck/settings.json', '../data/a.gz')).toBe('/etc/data/a.gz');
    expect(recordingPath('/etc/tapedeck/settings.json', '/data/a.gz')).toBe('/data/a.gz');
  });
});
