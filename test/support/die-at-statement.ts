/**
 * Preloaded into a process: it kills itself with SIGKILL right before the n-th statement that it hands to SQLite, n
 * being DIE_AT. So a kill can be put at any point of a run, and at the same point again.
 */

import { DatabaseSync, StatementSync } from 'node:sqlite';

const dieAt = Number(process.env.DIE_AT ?? Number.NaN);
let statements = 0;

function count(): void {
  if (++statements === dieAt) process.kill(process.pid, 'SIGKILL');
}

function counting<Target extends object>(target: Target, method: keyof Target & string): void {
  const original = target[method] as (...args: unknown[]) => unknown;
  Object.defineProperty(target, method, {
    configurable: true,
    writable: true,
    value(this: Target, ...args: unknown[]) {
      count();
      return original.apply(this, args);
    },
  });
}

for (const method of ['run', 'get', 'all', 'iterate'] as const) counting(StatementSync.prototype, method);
counting(DatabaseSync.prototype, 'exec');

process.on('exit', () => {
  if (process.env.REPORT_STATEMENTS !== undefined) process.stdout.write(`statements ${statements}\n`);
});
