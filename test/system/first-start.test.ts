/** The first tries of somebody new: a file name that is wrong, other parameters on the same recordings. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { endChildrenAfterwards, startTapedeck, tapedeck } from '../support/child.ts';
import { writeRecordedHeads } from '../support/recorded-heads.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';

endChildrenAfterwards();
const temporary = new TemporaryFolder();
const [CANDLES, FRAMES] = [200, 1_500];

interface Given {
  readonly env: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: settings of every shape, and wrong ones
  change(how: (settings: any) => void): void;
  /** Starts the system, waits for its summary and stops it; what it said, a line each. */
  started(): Promise<{ readonly level: string; readonly msg: string }[]>;
}

function given(): Given {
  const folder = temporary.newFolder();
  const file = writeRecordedHeads(folder, CANDLES, FRAMES);
  const env = { TAPEDECK_DATA: join(folder, 'data'), TAPEDECK_SETTINGS: file, PORT: '0' };
  return {
    env,
    change(how) {
      const settings = JSON.parse(readFileSync(file, 'utf8'));
      how(settings);
      writeFileSync(file, JSON.stringify(settings));
    },
    async started() {
      const child = startTapedeck(['run', '--json'], env);
      await child.saw('"msg":"summary"');
      child.process.kill('SIGTERM');
      const { stdout } = await child.ended;
      return stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
    },
  };
}

it.each([
  ['cannot be opened', 'absent.json', /absent\.json/],
  ['is of no known kind', 'settings.json', /settings\.json" is of no known kind/],
])('A recording that %s is told before the settings that name it are on the tape', async (_what, name, sentence) => {
  const { env, change, started } = given();
  change(({ feeds }) => feeds[1].recordings.push(name));
  const refused = await tapedeck(['run', '--json'], env);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(sentence)]);
  const recorded = await tapedeck(['events', '--json'], env);
  expect(recorded.stdout).toBe('');
  // The same generation, corrected, is in force then.
  change(({ feeds }) => feeds[1].recordings.pop());
  expect((await started()).some(({ msg }) => msg === 'summary')).toBe(true);
});

it('Parameters that are changed when everything had been decided are told to have decided nothing', async () => {
  const { change, started } = given();
  const told = async (): Promise<string[]> =>
    (await started())
      .filter(({ level, msg }) => level === 'warn' && msg.includes('was '))
      .map(({ msg }) => msg.split(':')[0] ?? '');
  expect(await told()).toEqual([]);
  expect(await told()).toEqual([]);
  change((settings) => {
    settings.generation++;
    settings.strategies[0].params.fast = 3;
    settings.strategies.push({ ...settings.strategies[1], name: 'second' });
  });
  const sentences = [
    'strategy golden-cross was changed after everything on the tape had been decided',
    'strategy second was added after everything on the tape had been decided',
  ];
  expect(await told()).toEqual(sentences);
});
