/** Runs rows of a benchmark and prints each figure beside the raw limit of the same run. */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { isMet, type Outcome, type Row } from './row.ts';

/**
 * Takes `--only NAME,...` and `--json FILE` from the command line. Each row has a process of its own, so that none is
 * measured with what another left in memory. This one ends with 1 when a figure falls short, with 2 for an unknown name.
 */
export async function runTable(rows: readonly Row[]): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: 'string' }, json: { type: 'string' }, row: { type: 'string' } } });
  if (values.row !== undefined) return runApart(rows.find(({ name }) => name === values.row));

  const wanted = values.only?.split(',');
  const unknown = wanted?.find((name) => !rows.some((row) => row.name === name));
  if (unknown !== undefined) {
    process.stderr.write(`there is no row "${unknown}"; there are ${rows.map((row) => row.name).join(', ')}\n`);
    process.exitCode = 2;
    return;
  }

  const machine = `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} processors, Node ${process.versions.node}`;
  process.stdout.write(`${machine}\n`);
  const results: { readonly path: string; readonly met: boolean; readonly outcome: Outcome }[] = [];
  for (const row of rows) {
    if (wanted !== undefined && !wanted.includes(row.name)) continue;
    process.stdout.write(`\n${row.path}\n`);
    for (const outcome of await outcomesOf(row)) {
      const met = isMet(outcome);
      results.push({ path: row.path, met, outcome });
      process.stdout.write(linesOf(outcome, met));
    }
  }
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify({ at: new Date().toISOString(), machine, results }, null, 2)}\n`);
  }
  process.exitCode = results.every(({ met }) => met) ? 0 : 1;
}

/** `--row NAME`: the process of one row, which tells the one that began it what came out. */
async function runApart(row: Row | undefined): Promise<void> {
  if (row === undefined || process.send === undefined) throw new Error('--row is for the processes that the benchmark begins');
  process.send(await row.run());
  process.disconnect();
}

/** Runs the same program for that row alone. */
async function outcomesOf({ name }: Row): Promise<readonly Outcome[]> {
  const child = fork(process.argv[1] as string, ['--row', name]);
  let outcomes: readonly Outcome[] | undefined;
  child.once('message', (message) => {
    outcomes = message as Outcome[];
  });
  // What it told comes before the end of the channel, but perhaps not before the end of the process.
  const [[code]] = await Promise.all([once(child, 'exit'), once(child, 'disconnect')]);
  if (outcomes === undefined || code !== 0)
    throw new Error(`the row "${name}" could not be measured: its process ended with ${code}`);
  return outcomes;
}

function linesOf({ what, measured, raw, value, bound, atLeast, unit, latency }: Outcome, met: boolean): string {
  const verdict = met ? 'met' : 'FALLS SHORT';
  const asked = `${atLeast ? 'at least' : 'at most'} ${bound} ${unit}`;
  const lines = [
    `  ${value.toFixed(2)} ${unit} (${asked}): ${verdict}`,
    `    ${what}: ${measured}${raw === '' ? '' : `, raw ${raw}`}`,
  ];
  if (latency !== undefined) {
    const [p50, p99, p999] = [latency.p50, latency.p99, latency.p999].map((ms) => `${ms.toFixed(2)} ms`);
    lines.push(`    open loop: p50 ${p50}, p99 ${p99}, p99.9 ${p999}`);
  }
  return `${lines.join('\n')}\n`;
}
