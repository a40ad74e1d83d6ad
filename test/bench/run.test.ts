import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { isMet, latencyOf, type Outcome } from '../../bench/row.ts';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function bench(...args: string[]): Promise<Ended> {
  const program = join(import.meta.dirname, '..', '..', 'bench', 'run.ts');
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

it('a figure is printed with its bound and written as JSON, and the process ends with 1 when it falls short', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapedeck-bench-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'figures.json');
  const { code, stdout } = await bench('--only', 'risk', '--json', file);
  const { machine, results } = JSON.parse(readFileSync(file, 'utf8'));
  expect(results).toHaveLength(1);
  const { path, met, outcome } = results[0] as { path: string; met: boolean; outcome: Outcome };
  expect(path).toBe('risk check of one order, all limits');
  expect(met).toBe(isMet(outcome));
  expect(code).toBe(met ? 0 : 1);
  expect(stdout.split('\n')[0]).toBe(machine);
  expect(stdout).toContain(`${outcome.value.toFixed(2)} us (at most 2 us): ${met ? 'met' : 'FALLS SHORT'}`);
});

it('a row that there is not is named beside those that there are', async () => {
  const { code, stderr } = await bench('--only', 'nothing');
  expect(code).toBe(2);
  expect(stderr).toMatch(/^there is no row "nothing"; there are feed, append, replay, .*rest\n$/);
});

it('a figure may be just what is asked, and not beyond', () => {
  const outcome = { what: '', measured: '', raw: '', bound: 0.5, unit: 'x' };
  expect(isMet({ ...outcome, value: 0.5, atLeast: true })).toBe(true);
  expect(isMet({ ...outcome, value: 0.49, atLeast: true })).toBe(false);
  expect(isMet({ ...outcome, value: 0.5, atLeast: false })).toBe(true);
  expect(isMet({ ...outcome, value: 0.51, atLeast: false })).toBe(false);
});

it('a latency is told by what half, 99 and 99.9 in a hundred stay within', () => {
  const times = Array.from({ length: 1000 }, (_, index) => 1000 - index);
  expect(latencyOf(times)).toEqual({ p50: 501, p99: 991, p999: 1000 });
});
