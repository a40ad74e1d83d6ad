/** The demo's settings without recordings: accounts and strategies that wait for a market. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './child.ts';

/** Writes them to a file in `folder`, and returns its path. */
export function quietSettings(folder: string): string {
  const settings = JSON.parse(readFileSync(join(ROOT, 'settings', 'default.json'), 'utf8'));
  for (const feed of settings.feeds) feed.recordings = [];
  const file = join(folder, 'settings.json');
  writeFileSync(file, JSON.stringify(settings));
  return file;
}
