import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, tapedeck } from '../../support/child.ts';
import { unless } from '../../support/unless.ts';
import { givenTape } from '../given-tape.ts';

const tape = givenTape();
const folder = mkdtempSync(join(tmpdir(), 'tapedeck-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function scriptOf(shell: string): Promise<string> {
  const { code, stdout, stderr } = await tapedeck(['completion', shell]);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
}

describe('the completion of bash', unless(existsSync('/bin/bash'), '/bin/bash is not installed'), () => {
  const script = join(folder, 'tapedeck.bash');
  beforeAll(async () => writeFileSync(script, await scriptOf('bash')));

  /** What bash offers for the last word of a line. */
  function offered(line: string, more: Record<string, string> = {}): string[] {
    const words = line.split(' ').map((word) => `'${word}'`);
    const ask = `source ${script}; COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _tapedeck; echo "\${COMPREPLY[*]}"`;
    const env = { ...process.env, ...tape.environment, ...more, PATH: `${ROOT}:${process.env.PATH}` };
    return execFileSync('/bin/bash', ['--norc', '-c', ask], { encoding: 'utf8', env }).trim().split(' ');
  }

  it('knows the commands, those within them, options and their values', () => {
    expect(offered('tapedeck ')).toEqual(expect.arrayContaining(['run', 'orders', 'cancel-all', 'settings', 'completion']));
    expect(offered('tapedeck set')).toEqual(['settings']);
    expect(offered('tapedeck settings ')).toEqual(['check', 'show', 'apply', 'schema']);
    expect(offered('tapedeck orders --st')).toEqual(['--status', '--strategy']);
    expect(offered('tapedeck orders --status par')).toEqual(['partially-filled']);
    expect(offered('tapedeck halt --reason x --mode ')).toEqual(['reduce-only', 'stop']);
    expect(offered('tapedeck completion f')).toEqual(['fish']);
    // As bash takes an option with "=" apart.
    expect(offered('tapedeck orders --status = par')).toEqual(['partially-filled']);
    expect(offered('tapedeck halt --mode =')).toEqual(['reduce-only', 'stop']);
    expect(offered('tapedeck settings check --json =')).toEqual(['']);
  });

  it('knows the accounts, strategies and orders of the tape', async () => {
    expect(offered('tapedeck halt --account ')).toEqual(['paper-coinbase', 'paper-binance']);
    expect(offered('tapedeck orders --strategy q')).toEqual(['quick-cross']);
    expect(offered('tapedeck positions --strategy ')).toEqual(['golden-cross', 'quick-cross', 'manual']);
    const { stdout } = await tape.run(['orders', '--limit', '1']);
    const { id } = JSON.parse(stdout);
    expect(offered(`tapedeck orders ${id.slice(0, 8)}`)).toEqual([id]);
    expect(offered('tapedeck orders --acc')).toEqual(['--account']);
    // Where there is no tape there is nothing to offer, and none is made.
    const folder = tape.folder();
    expect(offered('tapedeck halt --account ', { TAPEDECK_DATA: folder })).toEqual(['']);
    expect(existsSync(folder)).toBe(false);
  });

  it('leaves files to the shell, and values that it cannot know to the person', () => {
    expect(offered('tapedeck settings check ')).toEqual(['']);
    expect(offered('tapedeck settings check --j')).toEqual(['--json']);
    expect(offered('tapedeck halt --reason ')).toEqual(['']);
  });
});

describe('the completions of other shells', () => {
  it('name every command and option that bash is told of', async () => {
    const [bash, zsh, fish] = await Promise.all(['bash', 'zsh', 'fish'].map(scriptOf));
    const options = new Set(bash?.match(/--[a-z-]+/g));
    expect(options.size).toBeGreaterThan(20);
    for (const option of options) {
      expect(zsh).toContain(`'${option}:`);
      expect(fish).toContain(` -l ${option.slice(2)}`);
    }
    expect(zsh).toContain('{(f)"$(tapedeck completion zsh --values accounts 2>/dev/null)"}');
    expect(fish).toContain("-l strategy -x -a '(tapedeck completion fish --values strategies 2>/dev/null)'");
    expect(fish).toContain("-a '(tapedeck completion fish --values orders 2>/dev/null)'");
    expect(fish).toContain("-n '__tapedeck_at \\' settings\\'' -a apply");
    expect(zsh).toContain("(' settings check')");
  });
});

it('A shell that is not known is refused with those that are', async () => {
  const { code, stderr } = await tapedeck(['completion', 'tcsh']);
  expect([code, stderr]).toEqual([2, expect.stringContaining('Allowed choices are bash, zsh, fish')]);
});
