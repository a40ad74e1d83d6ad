/** Fixtures for lint: code that biome must refuse, or let pass, under the repository's own settings. */

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Some code in a file of its own. */
export interface Fixture {
  readonly code: string;
  /** Where in the tree it is put. */
  readonly path: string;
}

interface Report {
  readonly diagnostics: readonly {
    readonly category: string;
    readonly message: string;
    readonly location: { readonly path: string };
  }[];
}

const ROOT = join(import.meta.dirname, '../..');

/** The rules that object to each fixture, by its path; nothing for those that pass. */
export function findingsOf(fixtures: readonly Fixture[]): ReadonlyMap<string, readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tapedeck-lint-'));
  try {
    cpSync(join(ROOT, 'biome.json'), join(folder, 'biome.json'));
    cpSync(join(ROOT, 'lint'), join(folder, 'lint'), { recursive: true });
    writeFileSync(join(folder, '.gitignore'), 'node_modules/\n');
    for (const { code, path } of fixtures) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), `${code}\n`);
    }
    const findings = new Map<string, string[]>();
    for (const { category, message, location } of runBiome(folder).diagnostics) {
      const rule = category === 'plugin' ? (message.split(':')[0] ?? '') : (category.split('/').at(-1) ?? '');
      findings.set(location.path, [...(findings.get(location.path) ?? []), rule]);
    }
    return findings;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One run of biome over all fixtures. It exits with 1 when it finds something. */
function runBiome(folder: string): Report {
  const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
  const args = [biome, 'lint', '--reporter=json', '--max-diagnostics=none', '.'];
  try {
    return JSON.parse(execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' })) as Report;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    if (!stdout?.startsWith('{')) throw new Error(`biome did not run: ${stderr ?? error}`);
    return JSON.parse(stdout) as Report;
  }
}
