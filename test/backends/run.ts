/**
 * `npm run test:backends`: finds the backends, runs the tests of test/backends on them, says what ran and what did not,
 * and leaves no process behind, however it ends. Its arguments are vitest's.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Backends, findBackends } from './backends.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const VITEST = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');

/**
 * The tests run in a process group of their own. Its shell ends the whole of it as soon as its own input ends, which it
 * does when this process is gone, however.
 */
const GUARD =
  'exec 3<&0; "$@" 3<&- </dev/null & tests=$!; (trap "" TERM; cat <&3 >/dev/null; kill -TERM 0; sleep 3; kill -KILL 0) & wait $tests';

const backends = await findBackends(process.env);
let code = 1;
try {
  code = await runTests(backends, process.argv.slice(2));
} finally {
  await backends.stop();
}
const lines = [
  '',
  ...backends.ran.map((line) => `ran on ${line}`),
  ...backends.notRun.map((line) => `not run: ${line}`),
  backends.notRun.length === 0 ? 'every backend was there' : `${backends.notRun.length} not run`,
];
process.stdout.write(`${lines.join('\n')}\n`);
process.exitCode = code;

/** Runs vitest to its end, and ends whatever it has left. */
async function runTests({ env, excluded }: Backends, args: readonly string[]): Promise<number> {
  const command = [process.execPath, VITEST, 'run', '--config', 'vitest.backends.config.ts', '--passWithNoTests', ...args];
  const excludes = excluded.flatMap((tests) => ['--exclude', tests]);
  const guard = spawn('sh', ['-c', GUARD, 'sh', ...command, ...excludes], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'inherit', 'inherit'],
    detached: true,
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => guard.stdin?.end());
  const [ended] = (await once(guard, 'exit')) as [number | null];
  endGroup(guard);
  return ended ?? 1;
}

function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left.
  }
}
