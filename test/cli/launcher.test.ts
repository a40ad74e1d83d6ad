/** `./tapedeck`, by which a person calls the command. */

import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Ended, ROOT } from '../support/child.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';

const temporary = new TemporaryFolder();
const LAUNCHER = join(ROOT, 'tapedeck');
const works = { code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' };

function call(command: string, args: readonly string[], cwd: string, PATH = process.env.PATH): Promise<Omit<Ended, 'signal'>> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd, env: { ...process.env, PATH } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** The launcher in a folder that has these besides, and in its `bin` a `node` that says it is of that version. */
function project(folders: readonly string[], nodeVersion?: string): { readonly launcher: string; readonly bin: string } {
  const folder = temporary.newFolder();
  const launcher = join(folder, 'tapedeck');
  copyFileSync(LAUNCHER, launcher);
  for (const inner of folders) mkdirSync(join(folder, inner), { recursive: true });
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  // Nothing else is needed.
  symlinkSync('/bin/sh', join(bin, 'sh'));
  if (nodeVersion !== undefined) {
    writeFileSync(join(bin, 'node'), `#!/bin/sh\nif [ "$1" = --version ]; then echo ${nodeVersion}; else echo "$@"; fi\n`);
    chmodSync(join(bin, 'node'), 0o755);
  }
  return { launcher, bin };
}

describe('the command of the project', () => {
  it('is called from any folder, by links and by the PATH', async () => {
    const away = temporary.newFolder();
    expect(await call('./tapedeck', ['--version'], ROOT)).toMatchObject(works);
    expect(await call(LAUNCHER, ['--version'], away)).toMatchObject(works);
    symlinkSync(LAUNCHER, join(away, 'absolute'));
    symlinkSync('absolute', join(away, 'relative'));
    expect(await call('./relative', ['--version'], away)).toMatchObject(works);
    expect(await call('sh', ['relative', '--version'], away)).toMatchObject(works);
    expect(await call('relative', ['--version'], '/', `${away}:${process.env.PATH}`)).toMatchObject(works);
  });

  it('hands on its arguments as they are, and the exit code', async () => {
    const { code, stderr } = await call(LAUNCHER, ['no such command'], '/');
    expect([code, stderr]).toEqual([2, expect.stringContaining("unknown command 'no such command'")]);
  });

  it('says what to do before the packages are installed', async () => {
    const { launcher } = project([]);
    expect(await call(launcher, ['status'], '/')).toEqual({
      code: 2,
      stdout: '',
      stderr: `tapedeck: the packages are not installed: run "npm ci" in ${dirname(launcher)}\n`,
    });
  });

  it('runs on the Node.js of the machine where the project has none of its own', async () => {
    for (const version of ['v24.0.0', 'v100.1.0']) {
      const { launcher, bin } = project(['node_modules/commander'], version);
      const { stdout } = await call(launcher, ['events', '--type', 'a b'], '/', bin);
      expect(stdout).toBe(`${dirname(launcher)}/src/main.ts events --type a b\n`);
    }
  });

  it('refuses one that is too old, and says when there is none', async () => {
    const old = project(['node_modules/commander'], 'v22.18.0');
    const none = project(['node_modules/commander']);
    const todo = (launcher: string) => `run "npm ci" in ${dirname(launcher)}, or install Node.js 24 or newer\n`;
    expect(await call(old.launcher, [], '/', old.bin)).toEqual({
      code: 2,
      stdout: '',
      stderr: `tapedeck: Node.js v22.18.0 is too old: ${todo(old.launcher)}`,
    });
    expect(await call(none.launcher, [], '/', none.bin)).toEqual({
      code: 2,
      stdout: '',
      stderr: `tapedeck: there is no Node.js: ${todo(none.launcher)}`,
    });
  });

  it('says what is left to do after an installation without scripts, as npm start does', async () => {
    const { launcher, bin } = project(['node_modules/commander', 'node_modules/node'], 'v20.20.2');
    expect(await call(launcher, ['run'], '/', bin)).toEqual({
      code: 2,
      stdout: '',
      stderr: `tapedeck: Node.js v20.20.2 is too old: run "npm rebuild node" in ${dirname(launcher)}, or install Node.js 24 or newer\n`,
    });
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(scripts.start).toBe('./tapedeck run');
  });
});

it("the package has a scoped name, for the plain one is somebody else's, and brings the command along", () => {
  const { name, bin, files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(name).toMatch(/^@[a-z-]+\/tapedeck$/);
  expect(bin).toEqual({ tapedeck: 'tapedeck' });
  expect(files).toContain('tapedeck');
});

it('npm finds the command in the project itself, without asking anybody', async () => {
  const offline = ['exec', '--no', '--offline', '--', 'tapedeck', '--version'];
  expect(await call('npm', offline, ROOT)).toMatchObject({ code: 0, stdout: works.stdout });
});
