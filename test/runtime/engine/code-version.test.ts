import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { codeVersion, nameOfBuild } from '../../../src/runtime/engine/code-version.ts';
import { ROOT } from '../../support/child.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';

const temporary = new TemporaryFolder();
let copies = 0;

/** The folder of the sources of a copy of this program. */
function copyOfSources(): string {
  const folder = join(temporary.path, `${++copies}`, 'src');
  for (const part of ['domain', 'tape', 'config', join('runtime', 'engine')]) {
    cpSync(join(ROOT, 'src', part), join(folder, part), { recursive: true });
  }
  return folder;
}

/** The name that a copy has after `change`. */
function nameAfter(change: (sources: string) => void): string {
  const sources = copyOfSources();
  change(sources);
  return nameOfBuild(sources);
}

function edit(file: string, change: (text: string) => string): void {
  const before = readFileSync(file, 'utf8');
  const after = change(before);
  if (after === before) throw new Error(`nothing in ${file} is changed`);
  writeFileSync(file, after);
}

/** Moves a file, and has every import say so: those of it and its own. */
function move(sources: string, from: string, to: string): void {
  const [old, moved] = [join(sources, from), join(sources, to)];
  const specifier = (file: string, target: string) => {
    const path = relative(dirname(file), target);
    return path.startsWith('.') ? path : `./${path}`;
  };
  mkdirSync(dirname(moved), { recursive: true });
  renameSync(old, moved);
  for (const name of readdirSync(sources, { recursive: true }) as string[]) {
    const file = join(sources, name);
    if (!name.endsWith('.ts')) continue;
    const place = file === moved ? old : file;
    const text = readFileSync(file, 'utf8').replaceAll(/ from '(\.[^']+)';/g, (_, written: string) => {
      const target = join(place, '..', written);
      return ` from '${specifier(file, target === old ? moved : target)}';`;
    });
    writeFileSync(file, text);
  }
}

const addLine = (file: string) => (sources: string) => appendFileSync(join(sources, file), '\nexport const added = 1;\n');

describe('the name of a build', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('is a hash, the same wherever the same sources lie', () => {
    expect(codeVersion()).toMatch(/^[0-9a-f]{12}$/);
    expect(nameAfter(() => undefined)).toBe(codeVersion());
  });

  it.each([
    ...['domain/reactors.ts', 'domain/engine/engine.ts', 'domain/catalogue.ts', 'tape/id.ts'],
    ...['domain/decimal.ts', 'domain/desk/order-review.ts', 'domain/venue/paper/book-fills.ts'],
    ...['domain/risk/limits/leverage.ts', 'domain/strategy/kinds/sma-crossover.ts', 'domain/settings/in-force.ts'],
  ])('is another one with another line in %s', (file) => expect(nameAfter(addLine(file))).not.toBe(codeVersion()));

  it('is another one where two imports are exchanged, though no file is another one', () => {
    const [leverage, drawdown] = ["'./limits/leverage.ts'", "'./limits/drawdown.ts'"];
    const exchanged = (sources: string) =>
      edit(join(sources, 'domain/risk/limits.ts'), (text) =>
        text.replace(leverage, '?').replace(drawdown, leverage).replace('?', drawdown),
      );
    expect(nameAfter(exchanged)).not.toBe(codeVersion());
  });

  it.each([
    ...['config/environment.ts', 'runtime/engine/engine-runner.ts', 'domain/feed/book/level-map.ts', 'domain/settings/check.ts'],
  ])('stays with another line in %s, which decides nothing', (file) => expect(nameAfter(addLine(file))).toBe(codeVersion()));

  it.each([
    ['domain/decimal.ts', 'domain/numbers/exact.ts'],
    ['domain/risk/risk.ts', 'domain/checks/order-check.ts'],
    ['domain/venue/paper/paper-venue.ts', 'domain/desk/a-venue.ts'],
  ])('stays when %s is moved to %s', (from, to) => {
    expect(nameAfter((sources) => move(sources, from, to))).toBe(codeVersion());
  });

  it('stays when imports are sorted or broken otherwise, as a formatter does after a move', () => {
    const sorted = (sources: string) => {
      edit(join(sources, 'domain/reactors.ts'), (text) => {
        const lines = text.split('\n');
        const imports = lines.filter((line) => line.startsWith('import '));
        return lines.map((line) => (line.startsWith('import ') ? imports.pop() : line)).join('\n');
      });
      edit(join(sources, 'domain/risk/limit.ts'), (text) => text.replace('import { compare, ', 'import {\n  compare,\n  '));
    };
    expect(nameAfter(sorted)).toBe(codeVersion());
  });

  it('is another one with another version of zod, or another major of Node', () => {
    const sources = copyOfSources();
    const nameWithZod = (version: string) => {
      const folder = join(sources, '..', 'node_modules', 'zod');
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'zod', version }));
      const file = JSON.stringify(join(sources, 'runtime', 'engine', 'code-version.ts'));
      const script = `import { codeVersion } from ${file}; process.stdout.write(codeVersion());`;
      return execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
    };
    const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules/zod/package.json'), 'utf8')) as { version: string };
    expect(nameWithZod(version)).toBe(codeVersion());
    expect(nameWithZod('0.0.1')).not.toBe(codeVersion());
    const [own, [major = '', ...rest]] = [codeVersion(), process.versions.node.split('.')];
    vi.stubGlobal('process', { versions: { node: [major, '999', '0'].join('.') } });
    expect(codeVersion()).toBe(own);
    vi.stubGlobal('process', { versions: { node: [Number(major) + 1, ...rest].join('.') } });
    expect(codeVersion()).not.toBe(own);
  });

  it('is refused where a source is missing, or imported in a way that cannot be counted', () => {
    const missing = (sources: string) => rmSync(join(sources, 'domain/risk/limits/leverage.ts'));
    expect(() => nameAfter(missing)).toThrow(/leverage\.ts is missing: without it nobody knows which build this is/);
    const later = (sources: string) => appendFileSync(join(sources, 'domain/decimal.ts'), "\nawait import('./time.ts');\n");
    expect(() => nameAfter(later)).toThrow(/decimal\.ts has an import that the build's name cannot count: "import\('/);
    const inCircle = (sources: string) =>
      edit(join(sources, 'domain/decimal.ts'), (text) => `import { z } from './reactors.ts';\n${text}`);
    expect(() => nameAfter(inCircle)).toThrow(/imports itself by way of others/);
  });
});
