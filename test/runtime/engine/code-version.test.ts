import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeVersion } from '../../../src/runtime/engine/code-version.ts';
import { ROOT } from '../../support/child.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';

const temporary = new TemporaryFolder();

/** The name that a copy of this program gives itself after `change`. */
function nameAfter(name: string, change: (folder: string) => void): string {
  const folder = join(temporary.path, name);
  cpSync(join(ROOT, 'src'), join(folder, 'src'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  change(folder);
  const script = `import { codeVersion } from ${JSON.stringify(join(folder, 'src', 'runtime', 'engine', 'code-version.ts'))}; process.stdout.write(codeVersion());`;
  return execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
}

describe('the name of a build', () => {
  it('is the version and the hash of what decides', () => expect(codeVersion()).toMatch(/^\d+\.\d+\.\d+\+[0-9a-f]{12}$/));

  it('is the same wherever the same source lies', () => {
    expect(nameAfter('same', () => undefined)).toBe(codeVersion());
  });

  it('stays when only the edges change', () => {
    expect(
      nameAfter('edges', (folder) => appendFileSync(join(folder, 'src', 'config', 'environment.ts'), '\n// Changed.\n')),
    ).toBe(codeVersion());
  });

  it.each<[string, (domain: string) => void]>([
    ['the content of a file', (domain) => appendFileSync(join(domain, 'decimal.ts'), '\n// Changed.\n')],
    ['the name of a file', (domain) => renameSync(join(domain, 'risk', 'risk.ts'), join(domain, 'risk', 'check.ts'))],
  ])('changes with %s in the domain', (what, change) => {
    expect(nameAfter(what.replaceAll(' ', '-'), (folder) => change(join(folder, 'src', 'domain')))).not.toBe(codeVersion());
  });
});
