/**
 * Node's compile cache, which spares most of the time that a command takes to start. Node runs the code that it finds
 * there, beside the keys that trade. So the folder is one that nobody else can write into, or there is no cache.
 */

import { existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

/** Bits of a mode by which others than the owner may write, and may do anything at all. */
const [OTHERS_WRITE, OTHERS] = [0o022, 0o077];
/** In a folder with this bit, such as /tmp, nobody can rename or remove what is somebody else's. */
const STICKY = 0o1000;
const ROOT = 0;

/** Keeps what is compiled from here on for the next start. Does nothing where there is no folder that is safe. */
export function keepCompiled(env: Readonly<Record<string, string | undefined>>): void {
  const folder = ownFolder(compileCacheFolder(env));
  if (folder !== undefined) enableCompileCache(folder);
}

/** By the XDG Base Directory Specification, which ignores a relative path. */
function compileCacheFolder({ XDG_CACHE_HOME = '' }: Readonly<Record<string, string | undefined>>): string {
  return join(isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), '.cache'), 'tapedeck', 'compiled');
}

/**
 * The folder's real path, made where it is missing; undefined when it cannot be made or anyone else but root could write
 * into it or put another one in its place.
 */
export function ownFolder(folder: string): string | undefined {
  const user = process.geteuid?.();
  if (user === undefined) return undefined;
  try {
    let there = folder;
    while (!existsSync(there)) there = dirname(there);
    // Nothing is made in what is somebody else's: root would leave behind what its owner cannot use.
    if (!isSafe(realpathSync(there), user)) return undefined;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const made = realpathSync(folder);
    // Somebody may have been quicker in a folder where everybody may make some.
    return (statSync(made).mode & OTHERS) === 0 && isSafe(made, user) ? made : undefined;
  } catch {
    return undefined;
  }
}

/** Are this folder and all above it of the user or of root, and can nobody else replace them? */
function isSafe(folder: string, user: number): boolean {
  const { uid, mode } = statSync(folder);
  const isReplaceable = (mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0;
  if ((uid !== user && uid !== ROOT) || isReplaceable) return false;
  return dirname(folder) === folder || isSafe(dirname(folder), user);
}
