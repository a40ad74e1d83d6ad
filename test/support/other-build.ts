/** Another build of the same program: a copy of it with a domain that is named otherwise and decides alike. */

import { appendFileSync, cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './child.ts';

/** Puts it into `folder`, which is not there yet; returns the path of its `main.ts`. */
export function writeOtherBuild(folder: string): string {
  mkdirSync(folder);
  for (const name of ['src', 'package.json']) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  appendFileSync(join(folder, 'src', 'domain', 'time.ts'), '\n// The next build.\n');
  return join(folder, 'src', 'main.ts');
}
