import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Outcome, type Row, serially } from '../row.ts';

/** Processes that are measured together: a shell tells their time in hundredths of a second. */
const TOGETHER = 10;
const ROUNDS = 7;
const PROGRAM = join(import.meta.dirname, '..', '..', 'tapedeck');

/** In processor time of the processes, user and system. The compile cache is a new one, which the first round fills. */
export const start: Row = {
  name: 'start',
  path: 'starting a command',
  async run(): Promise<Outcome[]> {
    const cache = mkdtempSync(join(tmpdir(), 'tapedeck-bench-'));
    try {
      const env = { ...process.env, XDG_CACHE_HOME: cache };
      const { raw, ours, ratio } = await serially(
        ROUNDS,
        () => processorMs([process.execPath, '-e', '0'], env),
        () => processorMs([PROGRAM, '--version'], env),
      );
      return [
        {
          what: 'tapedeck --version against node -e 0',
          measured: `${ours.toFixed(0)} ms`,
          raw: `${raw.toFixed(0)} ms`,
          value: 1 / ratio,
          bound: 6,
          atLeast: false,
          unit: 'x',
        },
      ];
    } finally {
      rmSync(cache, { recursive: true });
    }
  },
};

/** Processor time of one run of the command, in milliseconds. Throws when it fails. */
async function processorMs(command: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const script = `n=0; while [ "$n" -lt ${TOGETHER} ]; do "$@" >/dev/null || exit 1; n=$((n + 1)); done; times`;
  const { stdout } = await promisify(execFile)('sh', ['-c', script, 'sh', ...command], { env });
  // The second line is of the shell's children: `0m0.250000s 0m0.040000s`.
  const times = [...(stdout.split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  return times.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1_000, 0) / TOGETHER;
}
