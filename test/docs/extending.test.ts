/**
 * Follows docs/guides/extending.md word for word in a copy: its files are written, its changes made, its commands run. It holds
 * in a project that has more in its lists, and in one where the document was followed before.
 */

import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { ROOT } from '../support/child.ts';
import { isFull } from '../support/scale.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';

const temporary = new TemporaryFolder();

const COPIED = [
  'src',
  'test',
  'bench',
  'docs',
  'exchange-simulator',
  'scripts',
  'settings',
  'schemas',
  'lint',
  'package.json',
  'tsconfig.json',
  'biome.json',
  'vitest.config.ts',
  '.gitignore',
];
/** What stands for `npx NAME`, `./NAME` and `npm run NAME`, without npm's own start. */
const PROGRAMS: Readonly<Record<string, string>> = {
  tapedeck: 'src/main.ts',
  vitest: 'node_modules/vitest/vitest.mjs',
  tsc: 'node_modules/typescript/bin/tsc',
  biome: 'node_modules/@biomejs/biome/bin/biome',
  schemas: 'scripts/event-schemas.ts',
};

/** Its tests read whole recordings: the document's own stands for them, unless everything is tried. */
const WHOLE_RECORDINGS = 'test/adapters/recordings';

interface Block {
  readonly kind: 'ts' | 'diff' | 'sh';
  readonly path: string;
  readonly text: string;
}

function blocksOf(document: string): Block[] {
  const found = document.matchAll(/^```(ts|diff|sh)(?: (\S+))?\n([\s\S]*?)^```$/gm);
  return [...found].map(([, kind, path, text]) => ({ kind: kind as Block['kind'], path: path ?? '', text: text as string }));
}

/** Puts the lines marked with `+` in the place of those marked with `-`, between lines that stay. */
function changed(file: string, patch: string): string {
  const lines = patch.split('\n').slice(0, -1);
  const side = (mark: string) =>
    lines.filter((line) => line.startsWith(mark) || line.startsWith(' ')).map((line) => line.slice(1));
  const [before, after] = [side('-').join('\n'), side('+').join('\n')];
  if (lines.some((line) => !/^[ +-]/.test(line))) throw new Error(`a line of the change has no mark: ${patch}`);
  if (file.includes(`${after}\n`)) return file;
  if (file.split(`${before}\n`).length !== 2) throw new Error(`the change does not fit at one place: ${patch}`);
  return file.replace(`${before}\n`, () => `${after}\n`);
}

function copyOfAll(): string {
  const copy = join(temporary.path, 'copy');
  // Where somebody has installed them, the simulator's clients have packages of their own.
  const filter = (path: string) => !path.endsWith('/node_modules');
  for (const name of COPIED) cpSync(join(ROOT, name), join(copy, name), { recursive: true, filter });
  for (const name of ['node_modules', 'data']) symlinkSync(join(ROOT, name), join(copy, name));
  return copy;
}

/** Writes a file of the document. Another one of that name is somebody's own, and is not overwritten. */
function write(file: string, text: string): void {
  if (existsSync(file) && readFileSync(file, 'utf8') !== text) throw new Error(`${file} is there with another content`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Runs a program within the copy. Fails with what it said when it does not succeed. */
async function run(copy: string, program: string, args: readonly string[]): Promise<string> {
  const file = join(copy, PROGRAMS[program] ?? program);
  const options = { cwd: copy, timeout: 120_000, env: { ...process.env, NO_COLOR: '1' }, maxBuffer: 16_000_000 };
  try {
    return (await promisify(execFile)(process.execPath, [file, ...args], options)).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`, { cause: error });
  }
}

function testsAt(path: string, touched: ReadonlySet<string>): string[] {
  if (isFull || path !== WHOLE_RECORDINGS) return [path];
  const own = [...touched].filter((file) => file.startsWith(`${path}/`) && file.endsWith('.test.ts'));
  expect(own).not.toEqual([]);
  return own;
}

it('each way of adding something works as it is written', { timeout: 180_000 }, async () => {
  const copy = copyOfAll();
  const touched = new Set<string>();
  const commands: string[] = [];
  for (const { kind, path, text } of blocksOf(readFileSync(join(ROOT, 'docs', 'guides', 'extending.md'), 'utf8'))) {
    const file = join(copy, path);
    if (kind === 'sh') commands.push(...text.trim().split('\n'));
    else touched.add(path);
    if (kind === 'diff') writeFileSync(file, changed(readFileSync(file, 'utf8'), text));
    else if (kind === 'ts') write(file, text);
  }
  expect(touched.size).toBeGreaterThan(15);

  const tests: string[] = [];
  for (const command of commands) {
    const [, program, text = '', output] = /^(?:npx |\.\/|npm run )(\w+)(?: ([^>]+?))?(?: > (\S+))?$/.exec(command) ?? [];
    if (program === undefined) throw new Error(`not a command of this test: ${command}`);
    const args = text === '' ? [] : text.split(' ');
    // All tests at the end, in one run.
    if (program === 'vitest') tests.push(...args.slice(1).flatMap((path) => testsAt(path, touched)));
    else {
      const said = await run(copy, program, args);
      if (output !== undefined) writeFileSync(join(copy, output), said);
    }
  }
  const outcomes = await Promise.allSettled([
    run(copy, 'vitest', ['run', ...new Set(tests)]),
    run(copy, 'tsc', []),
    run(copy, 'biome', ['check', '--error-on-warnings', ...touched]),
  ]);
  expect(outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []))).toEqual([]);
});
