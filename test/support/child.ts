/** Real processes for tests: started with this Node, awaited, and never left behind. */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

export const ROOT = join(import.meta.dirname, '..', '..');
const MAIN = join(ROOT, 'src', 'main.ts');

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Child {
  readonly process: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  /** Resolves with standard output when it has had `text`; rejects when the process ends before. */
  saw(text: string): Promise<string>;
  /** What standard output has had so far. */
  output(): string;
}

/** Halves the time that a process takes to start; entries are told by the content of the file that was compiled. */
const COMPILED = { NODE_COMPILE_CACHE: join(tmpdir(), 'tapedeck-test-compiled') };

const running = new Set<ChildProcessWithoutNullStreams>();

/** Starts `node ARGS...`; whatever is still running when the test file is done is ended. */
export function startNode(args: readonly string[], env: Readonly<Record<string, string>> = {}): Child {
  const child = spawn(process.execPath, args, { cwd: ROOT, env: { ...COMPILED, ...process.env, ...env } });
  running.add(child);
  let [stdout, stderr] = ['', ''];
  const ended = new Promise<Ended>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal, stdout, stderr });
    });
  });
  const saw = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (stdout.includes(text)) resolve(stdout);
      };
      child.stdout.on('data', look);
      void ended.then(() =>
        reject(new Error(`the process ended without "${text}": ${stdout.slice(-500)} ${stderr.slice(-2000)}`)),
      );
      look();
    });
  return { process: child, ended, saw, output: () => stdout };
}

/** Starts `tapedeck ARGS...`; `program` is the path of another build's `main.ts`. */
export function startTapedeck(args: readonly string[], env: Readonly<Record<string, string>> = {}, program = MAIN): Child {
  return startNode([program, ...args], env);
}

/** Where the API of a `run --json` is served, once it is. */
export async function addressOf(child: Child): Promise<string> {
  await child.saw('"address":"');
  return (/"address":"([^"]+)"/.exec(child.output()) as RegExpExecArray)[1] as string;
}

/** Runs `tapedeck ARGS...` to its end. */
export function tapedeck(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return startTapedeck(args, env).ended;
}

/** Call once in a test file that starts processes. */
export function endChildrenAfterwards(): void {
  afterAll(async () => {
    await Promise.all(
      [...running].map(
        (child) =>
          new Promise((resolve) => {
            child.once('close', resolve);
            child.kill('SIGKILL');
          }),
      ),
    );
  });
}
