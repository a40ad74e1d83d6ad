import { writeFileSync } from 'node:fs';
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

  it('that is not JSON is refused with where', async () => {
    await expect(loadSettings(fileWith('{ "generation": 1,, }'))).rejects.toThrow(
      /one mistake:\n {2}\(file\): is not JSON, .*position 18/,
    );
  });

  it('that is not there is refused with what to do', async () => {
    const missing = join(temporary.path, 'none.json');
    await expect(loadSettings(missing)).rejects.toThrow(/none\.json cannot be used.*\n.*ENOENT.*TAPEDECK_SETTINGS/);
    await expect(loadSettings(temporary.path)).rejects.toThrow(/EISDIR/);
  });

  it('names recordings from where it lies', () => {
    expect(recordingPath('/etc/tapedeck/settings.json', '../data/a.gz')).toBe('/etc/data/a.gz');
    expect(recordingPath('/etc/tapedeck/settings.json', '/data/a.gz')).toBe('/data/a.gz');
  });
});
