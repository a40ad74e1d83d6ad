/** The version of the package, as `package.json` has it. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Such as `0.1.0`. Throws where the package is not whole. */
export function packageVersion(): string {
  const file = join(import.meta.dirname, '..', '..', '..', 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
