/** The first tries of somebody new: a file name that is wrong, other parameters on the same recordings. */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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

it.each<[string, (folder: string) => object, RegExp]>([
  [
    'bars of half the interval of the candles',
    () => ({ 0: { bars: '2h', rollups: ['4h', '1d'] } }),
    /candles\.json": its candles are 14400 s apart, but .* 2h/,
  ],
  [
    'frames of another symbol',
    (folder) => {
      const frames = readFileSync(join(folder, 'frames.jsonl'), 'utf8');
      writeFileSync(join(folder, 'others.jsonl'), frames.replaceAll('btcusdt', 'ethusdt').replaceAll('BTCUSDT', 'ETHUSDT'));
      return { 1: { recordings: ['others.jsonl'] } };
    },
    /others\.jsonl": nothing in it is of use to this feed .*wrong-symbol/,
  ],
  [
    'candles after frames',
    () => ({ 1: { recordings: ['frames.jsonl', 'candles.json'] } }),
    /candles\.json" is of the kind coinbase-json, the one before it of raw-frames/,
  ],
])('A feed of %s is told before its settings are on the tape, and by check', async (_what, wrong, sentence) => {
  const { env, change, started } = given();
  const file = env.TAPEDECK_SETTINGS as string;
  const right = readFileSync(file, 'utf8');
  const fields = wrong(dirname(file));
  change(({ feeds }) => {
    for (const [index, field] of Object.entries(fields)) Object.assign(feeds[index], field);
  });
  const checked = await tapedeck(['settings', 'check', file, '--json'], env);
  expect([checked.code, JSON.parse(checked.stdout).reasons]).toEqual([1, [expect.stringMatching(sentence)]]);
  for (const words of [
    ['run', '--json'],
    ['ingest', '--all'],
  ]) {
    const refused = await tapedeck(words, env);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(sentence)]);
    expect((await tapedeck(['events', '--json'], env)).stdout).toBe('');
  }
  // The same generation, corrected, is in force then.
  writeFileSync(file, right);
  expect((await started()).some(({ msg }) => msg === 'summary')).toBe(true);
});

it('A recording that goes later is told with the generation in force, which a correction has to raise', async () => {
  const { env, change, started } = given();
  await started();
  rmSync(join(dirname(env.TAPEDECK_SETTINGS as string), 'candles.json'));
  const raise = /candles\.json": .*; generation (\d+) of the settings is in force now: raise "generation" when you correct/;
  for (const words of [
    ['run', '--json'],
    ['ingest', '--all'],
  ]) {
    const failed = await tapedeck(words, env);
    expect([failed.code, failed.stderr]).toEqual([2, expect.stringMatching(raise)]);
  }
  // A change of something else is not put in force with it: the next start would fail.
  change((settings) => {
    settings.generation++;
    settings.strategies[1].params.fast = 3;
  });
  const checked = await tapedeck(['settings', 'check', env.TAPEDECK_SETTINGS as string, '--json'], env);
  expect(JSON.parse(checked.stdout)).toMatchObject({ outcome: 'refused', reasons: [expect.stringContaining('candles.json"')] });
  expect(await tapedeck(['run', '--json'], env)).toMatchObject({ code: 2, stderr: expect.not.stringContaining('in force') });
  change(({ feeds }) => {
    feeds[0].recordings = [];
  });
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
