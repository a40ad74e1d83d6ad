import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands/commands.ts';
import type { CommandNode } from '../../src/cli/terminal/completion-scripts.ts';
import { ROOT, tapedeck } from '../support/child.ts';
import { unless } from '../support/unless.ts';
import { givenTape, linesOf } from './given-tape.ts';

const tape = givenTape();
const SCRIPT = '/usr/bin/script';

let listing: Promise<CommandNode[]> | undefined;
/** Asked for once, as each of the helps is. */
function allCommands(): Promise<CommandNode[]> {
  listing ??= tapedeck(['completion', 'bash', '--json']).then((ended) => linesOf(ended)[0]);
  return listing;
}

const helps = new Map<string, Promise<string>>();
function helpOf(path: string): Promise<string> {
  const asked = helps.get(path) ?? askForHelp(path);
  helps.set(path, asked);
  return asked;
}

async function askForHelp(path: string): Promise<string> {
  const { code, stdout, stderr } = await tapedeck([...path.trim().split(' '), '--help']);
  expect([path, code, stderr]).toEqual([path, 0, '']);
  return stdout;
}

describe('the help of every command', () => {
  it('says how to call it by examples, and that it can answer as JSON', { timeout: 60_000 }, async () => {
    const nodes = (await allCommands()).filter(({ path }) => path !== '');
    expect(nodes.length).toBeGreaterThan(15);
    const texts = new Map(await Promise.all(nodes.map(async ({ path }) => [path, await helpOf(path)] as const)));
    for (const { path, commands, options } of nodes) {
      const text = texts.get(path) ?? '';
      expect(text).toContain(`Usage: tapedeck${path} `);
      if (commands.length > 0) continue;
      // By its own examples, or by those of the command that it is part of.
      const examples = [text, texts.get(path.slice(0, path.lastIndexOf(' ')))].join('');
      expect(
        examples
          .split(/\nExamples?:\n/)
          .slice(1)
          .join(''),
      ).toContain(`./tapedeck${path}`);
      expect([path, options.map(({ name }) => name)]).toEqual([path, expect.arrayContaining(['--json'])]);
    }
  });
});

/** What stands behind `./tapedeck` in a document, as far as it is one command. */
function callsIn(document: string): string[][] {
  const text = readFileSync(join(ROOT, document), 'utf8');
  return [...text.matchAll(/\.\/tapedeck ([^|`>\n(;]+)/g)].map(([, call]) => (call ?? '').trim().split(/\s+/));
}

it('lists every command with what it takes, without loading one', async () => {
  const { code, stdout } = await tapedeck(['--help'], { COLUMNS: '200' });
  expect(code).toBe(0);
  const listed = stdout.slice(stdout.indexOf('Commands:')).matchAll(/^ {2}(\S+)((?: \S+)*) {2,}\S/gm);
  const terms = new Map([...listed].map(([, name, takes]) => [name, takes?.trim()]));
  expect([...terms.keys()]).toEqual([...COMMANDS.map(({ name }) => name), 'help']);
  for (const { path, commands } of await allCommands()) {
    if (!/^ [\w-]+$/.test(path)) continue;
    const [, takes] = /^Usage: tapedeck \S+ (.*)$/m.exec(await helpOf(path)) ?? [];
    expect([path, terms.get(path.trim())]).toEqual([path, commands.length > 0 ? '' : takes]);
  }
});

it.each([
  [['help', 'status'], 0, 'Usage: tapedeck status [options]'],
  [['help'], 0, 'Usage: tapedeck [options] [command]'],
  [[], 2, 'Usage: tapedeck [options] [command]'],
  [['settings'], 2, 'Usage: tapedeck settings [options] [command]'],
  [['statu'], 2, '(Did you mean status?)'],
  [['-', 'status'], 2, "unknown command '-'"],
])('%j ends with %i and says "%s"', async (words, ending, text) => {
  const { code, stdout, stderr } = await tapedeck(words as string[]);
  expect([code, stdout + stderr]).toEqual([ending, expect.stringContaining(text as string)]);
});

it("the version is the package's", async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(await tapedeck(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
});

/** Those that show commands. */
const DOCUMENTS = [
  'README.md',
  'docs/reference/cli.md',
  'docs/reference/api.md',
  'docs/guides/deploying.md',
  'docs/guides/runbook.md',
  'docs/guides/extending.md',
  'docs/guides/kafka.md',
];

describe('the documents', () => {
  it.each(DOCUMENTS)('%s names commands and options that there are', async (document) => {
    const nodes = new Map((await allCommands()).map((node) => [node.path, node]));
    const calls = callsIn(document);
    expect(calls.length).toBeGreaterThan(0);
    for (const words of calls) {
      const inner = ` ${words[0]} ${words[1]}`;
      const node = nodes.get(inner) ?? nodes.get(` ${words[0]}`);
      const known = ['--help', ...(node?.options.map(({ name }) => name) ?? [])];
      expect([words.join(' '), node?.path]).toEqual([words.join(' '), expect.any(String)]);
      expect([words.join(' '), known]).toEqual([
        words.join(' '),
        expect.arrayContaining(words.filter((word) => /^--[a-z]/.test(word))),
      ]);
    }
  });
});

describe('on a terminal', unless(existsSync(SCRIPT), `${SCRIPT} is not installed`), () => {
  /** What a person sees, escape sequences and all. `script` runs the command on a terminal of its own. */
  function seen(args: string, env: Record<string, string> = {}, columns = 250): string {
    const { NO_COLOR: _no, FORCE_COLOR: _force, CI: _ci, ...rest } = process.env;
    const command = `stty columns ${columns}; "${process.execPath}" src/main.ts ${args}`;
    const options = { cwd: ROOT, encoding: 'utf8', env: { ...rest, TERM: 'xterm', ...tape.environment, ...env } } as const;
    return spawnSync(SCRIPT, ['-qec', command, '/dev/null'], options).stdout.replaceAll('\r\n', '\n');
  }

  it('answers are tables in colour, and never with NO_COLOR', () => {
    const coloured = seen('orders --limit 2');
    expect(coloured).toContain('\x1b[1mcreated');
    expect(coloured).toContain('\x1b[32mfilled');
    const plain = seen('orders --limit 2', { NO_COLOR: '1' });
    expect(plain).toBe(stripVTControlCharacters(coloured));
    expect(seen('orders --limit 2', { NO_COLOR: '1', FORCE_COLOR: '1' })).not.toContain('\x1b[3');
    expect(plain.split('\n')).toHaveLength(4);
  });

  const LOOKS = [
    'status',
    'orders --limit 100',
    'positions --flat',
    'events --limit 100',
    'events --order desc --limit 100',
    'projections list',
    'projections parked',
    'keys list',
  ];

  it('no line is wider than a terminal of 80 columns', { timeout: 60_000 }, async () => {
    const { id } = JSON.parse((await tape.run(['orders', '--limit', '1'])).stdout);
    for (const look of [...LOOKS, `orders ${id}`]) {
      const lines = stripVTControlCharacters(seen(look, {}, 80)).split('\n');
      expect([look, lines.filter((line) => line.length > 80)]).toEqual([look, []]);
      expect(lines.length).toBeGreaterThan(1);
    }
  });

  it('status, positions and settings are for people too, unless JSON is asked for', () => {
    expect(stripVTControlCharacters(seen('status'))).toMatch(/^tape +\d+ events\n/);
    expect(stripVTControlCharacters(seen('positions'))).toMatch(/^position +account +strategy/);
    expect(seen('events --type OrderUncertain')).toBe('no events\n');
    expect(seen('events --type OrderUncertain --json')).toBe('');
    const { generation } = JSON.parse(readFileSync(tape.settingsFile, 'utf8'));
    expect(seen(`settings check ${tape.settingsFile}`)).toBe(`${tape.settingsFile}: generation ${generation} is in force\n`);
    expect(JSON.parse(seen('positions --json').split('\n')[0] ?? '')).toMatchObject({ strategy: 'quick-cross' });
  });
});
