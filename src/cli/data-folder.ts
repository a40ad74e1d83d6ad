/** Looks at the data folder, before anything in it is trusted. */

import { statSync } from 'node:fs';

/** The bit of a mode by which everybody may add, rename and remove files. */
const EVERYBODY_WRITES = 0o002;

/** What is to be known of the folder; undefined: nothing. */
export function folderWarning(folder: string): string | undefined {
  const mode = statSync(folder, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & EVERYBODY_WRITES) === 0) return undefined;
  return `${folder}: everybody on this machine may write to the data folder, and so put API keys there or replace the tape: chmod 700`;
}
