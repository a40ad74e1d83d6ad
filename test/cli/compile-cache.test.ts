import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ownFolder } from '../../src/cli/compile-cache.ts';
import { tapedeck } from '../support/child.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';
import { unless } from '../support/unless.ts';

const temporary = new TemporaryFolder();
const isRoot = process.geteuid?.() === 0;
const STRANGER = 54_321;

/** A folder of that mode in a new one, whatever the mask of the process. */
function given(mode: number): string {
  const folder = join(temporary.newFolder(), 'given');
  mkdirSync(folder);
  chmodSync(folder, mode);
  return folder;
}

describe('the folder of the compile cache', () => {
  it('is made, with all above it that is missing, for nobody but the user', () => {
    const folder = join(given(0o755), 'cache', 'tapedeck', 'compiled');
    expect(ownFolder(folder)).toBe(folder);
    for (const made of [folder, join(folder, '..'), join(folder, '..', '..')]) expect(statSync(made).mode & 0o777).toBe(0o700);
    expect(ownFolder(folder)).toBe(folder);
  });

  it.each([0o755, 0o750, 0o770, 0o777, 0o701])('is not one of mode %o', (mode) => {
    const folder = given(mode);
    expect(ownFolder(folder)).toBeUndefined();
    expect(statSync(folder).mode & 0o777).toBe(mode);
  });

  it.each([0o777, 0o775, 0o757])('is not where others could put theirs in its place, in one of mode %o', (mode) => {
    const above = given(mode);
    expect(ownFolder(join(above, 'compiled'))).toBeUndefined();
    expect(readdirSync(above)).toEqual([]);
    mkdirSync(join(above, 'compiled'), { mode: 0o700 });
    expect(ownFolder(join(above, 'compiled'))).toBeUndefined();
    expect(ownFolder(join(above, 'compiled', 'deeper'))).toBeUndefined();
  });

  it('may be where everybody has folders that nobody else can rename, as in /tmp', () => {
    const folder = join(given(0o1777), 'compiled');
    expect(ownFolder(folder)).toBe(folder);
  });

  it('is judged by where a link leads', () => {
    const [safe, unsafe] = [given(0o700), given(0o777)];
    mkdirSync(join(unsafe, 'compiled'), { mode: 0o700 });
    const links = given(0o700);
    symlinkSync(join(unsafe, 'compiled'), join(links, 'to-unsafe'));
    symlinkSync(safe, join(links, 'to-safe'));
    symlinkSync(join(safe, 'nothing'), join(links, 'to-nothing'));
    expect(ownFolder(join(links, 'to-unsafe'))).toBeUndefined();
    expect(ownFolder(join(links, 'to-safe'))).toBe(safe);
    expect(ownFolder(join(links, 'to-nothing'))).toBeUndefined();
  });

  const ownership = unless(isRoot, 'only root may give a folder to somebody else');
  it("is not somebody else's, and not made in what is somebody else's", ownership, () => {
    const theirs = given(0o700);
    chownSync(theirs, STRANGER, STRANGER);
    expect(ownFolder(theirs)).toBeUndefined();
    expect(ownFolder(join(theirs, 'compiled'))).toBeUndefined();
    expect(readdirSync(theirs)).toEqual([]);
  });

  it('is none where it cannot be made', () => {
    const file = join(given(0o700), 'file');
    writeFileSync(file, '');
    expect(ownFolder(file)).toBeUndefined();
    expect(ownFolder(join(file, 'compiled'))).toBeUndefined();
    expect(ownFolder('/dev/null/compiled')).toBeUndefined();
  });
});

describe('a command', () => {
  /** Without the cache that tests of other things have. */
  const version = (env: Record<string, string>) => tapedeck(['--version'], { NODE_COMPILE_CACHE: '', ...env });
  const succeeds = { code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' };

  it('keeps what was compiled in the cache folder of the user', async () => {
    const cache = given(0o700);
    expect(await version({ XDG_CACHE_HOME: cache })).toMatchObject(succeeds);
    expect(readdirSync(join(cache, 'tapedeck', 'compiled'), { recursive: true }).length).toBeGreaterThan(5);
  });

  it('has its folder in the home where nothing else is said, or a path that is not absolute', async () => {
    const [home, other] = [given(0o700), given(0o700)];
    expect(await version({ HOME: home, XDG_CACHE_HOME: '' })).toMatchObject(succeeds);
    expect(await version({ HOME: other, XDG_CACHE_HOME: 'relative' })).toMatchObject(succeeds);
    for (const made of [home, other]) expect(existsSync(join(made, '.cache', 'tapedeck', 'compiled'))).toBe(true);
  });

  it('works without, where there is no folder that is safe', async () => {
    const unsafe = given(0o777);
    expect(await version({ XDG_CACHE_HOME: unsafe })).toMatchObject(succeeds);
    expect(readdirSync(unsafe)).toEqual([]);
    expect(await version({ XDG_CACHE_HOME: '/dev/null', HOME: '/dev/null' })).toMatchObject(succeeds);
  });
});
