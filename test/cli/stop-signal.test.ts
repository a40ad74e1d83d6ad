import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { endChildrenAfterwards, ROOT, startNode } from '../support/child.ts';

const folder = mkdtempSync(join(tmpdir(), 'tapedeck-test-'));
endChildrenAfterwards();
let orphans: number | undefined;
afterAll(() => {
  if (orphans !== undefined) process.kill(orphans, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const settings = join(folder, 'settings.json');
writeFileSync(settings, JSON.stringify({ generation: 1, instruments: [], feeds: [], accounts: [], strategies: [] }));

/**
 * Runs the system in a shell, as `npm start` does, and ends that shell alone once the API is served. Resolves with all
 * output when nobody holds it open any more; `onOrphaned` is called with the id of what was left behind.
 */
function endTheShell(env: Readonly<Record<string, string>>, onOrphaned: (pid: number) => void): Promise<string> {
  const { npm_lifecycle_event: _, ...rest } = process.env;
  const shell = spawn('sh', ['-c', `"${process.execPath}" src/main.ts run & echo "pid $!"; wait`], {
    cwd: ROOT,
    env: { ...rest, PORT: '0', TAPEDECK_DATA: folder, TAPEDECK_SETTINGS: settings, ...env },
  });
  let output = '';
  const take = (chunk: Buffer): void => {
    output += chunk;
    if (output.includes('serving') && !shell.killed) shell.kill('SIGKILL');
  };
  shell.stdout.on('data', take);
  shell.stderr.on('data', take);
  shell.on('exit', () => {
    orphans = Number(/pid (\d+)/.exec(output)?.[1]);
    onOrphaned(orphans);
  });
  return new Promise((resolve, reject) => {
    shell.on('error', reject);
    shell.on('close', () => {
      orphans = undefined;
      resolve(output);
    });
  });
}

describe('A run whose parent is gone', () => {
  it('stops within npm, which ends its shell alone when it is told to stop', async () => {
    const output = await endTheShell({ npm_lifecycle_event: 'start' }, () => {});
    expect(output).toContain('stopping');
  });

  it('stays otherwise, as a service does, until it is told to stop itself', async () => {
    let isStoppedByUs = false;
    await endTheShell({}, (pid) => {
      setTimeout(() => {
        isStoppedByUs = process.kill(pid, 'SIGTERM');
      }, 700);
    });
    expect(isStoppedByUs).toBe(true);
  });
});

describe('A process that nothing but a write holds up, which never ends', () => {
  it.each(['end', 'exit'])('is ended all the same, at its %s', async (how) => {
    const pipe = join(folder, `pipe-${how}`);
    execFileSync('mkfifo', [pipe]);
    const { code, signal, stdout } = await startNode([join(import.meta.dirname, 'hung-run.ts'), pipe, how]).ended;
    expect({ code, signal, stdout }).toEqual({ code: null, signal: 'SIGKILL', stdout: 'done' });
  });
});
