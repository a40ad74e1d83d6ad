/** Which build this is, as far as decisions go: the domain's source is what decides, so its hash names the build. */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageVersion } from '../process/package-version.ts';

/** Hex digits of the hash in the name: enough that two builds never share one. */
const DIGITS = 12;

/** `<package version>+<hash of src/domain>`: the same source gives the same name on any machine. */
export function codeVersion(): string {
  const root = join(import.meta.dirname, '..', '..', '..');
  const domain = join(root, 'src', 'domain');
  const files = (readdirSync(domain, { recursive: true }) as string[]).filter((file) => file.endsWith('.ts'));
  const hash = createHash('sha256');
  for (const file of files.map((name) => name.replaceAll('\\', '/')).sort()) {
    hash.update(`${file}\n${readFileSync(join(domain, file), 'utf8')}\n`);
  }
  return `${packageVersion()}+${hash.digest('hex').slice(0, DIGITS)}`;
}
