/**
 * `npm run bench [-- --only NAME,...] [--json FILE]`: the table "What must be quick" of the design, each figure beside
 * the raw limit of the same run. Ends with 1 when one falls short.
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { isMet, type Outcome, type Row } from './row.ts';
import { append } from './rows/append.ts';
import { decision } from './rows/decision.ts';
import { feed } from './rows/feed.ts';
import { projections } from './rows/projections.ts';
import { replay } from './rows/replay.ts';
import { rest } from './rows/rest.ts';
import { risk } from './rows/risk.ts';

const ROWS: readonly Row[] = [feed, append, replay, decision, projections, risk, rest];

const { values } = parseArgs({ options: { only: { type: 'string' }, json: { type: 'string' } } });
const wanted = values.only?.split(',');
const unknown = wanted?.find((name) => !ROWS.some((row) => row.name === name));
if (unknown !== undefined) {
  process.stderr.write(`there is no row "${unknown}"; there are ${ROWS.map((row) => row.name).join(', ')}\n`);
  process.exit(2);
}

const machine = `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} processors, Node ${process.versions.node}`;
process.stdout.write(`${machine}\n`);
const results: { readonly path: string; readonly met: boolean; readonly outcome: Outcome }[] = [];
for (const row of ROWS) {
  if (wanted !== undefined && !wanted.includes(row.name)) continue;
  process.stdout.write(`\n${row.path}\n`);
  for (const outcome of await row.run()) {
    const met = isMet(outcome);
    results.push({ path: row.path, met, outcome });
    process.stdout.write(linesOf(outcome, met));
  }
}
if (values.json !== undefined) {
  writeFileSync(values.json, `${JSON.stringify({ at: new Date().toISOString(), machine, results }, null, 2)}\n`);
}
process.exitCode = results.every(({ met }) => met) ? 0 : 1;

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
