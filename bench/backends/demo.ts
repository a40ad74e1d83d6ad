/**
 * `tapedeck run` on the shipped recordings until all is decided and read, on a tape in EventStoreDB (the small one of the
 * tests, which answers as late as one that flushes to a disk), against the embedded tape.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../test/support/child.ts';
import { type RunStores, startRun } from '../../test/support/system-run.ts';
import { type Outcome, quantile, type Row, timed } from '../row.ts';
import { onFlushingServer } from './flushing-server.ts';

const ROUNDS = 3;

export const demo: Row = {
  name: 'demo',
  path: 'the demo until all is decided, on a tape in EventStoreDB (the small one of the tests, with a flush)',
  async run(): Promise<Outcome[]> {
    const rounds: { readonly embedded: number; readonly ours: number }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      rounds.push({ embedded: await wholeRun(), ours: await onFlushingServer((eventStore) => wholeRun({ eventStore })) });
    }
    const seconds = (of: (round: (typeof rounds)[number]) => number) => `${(quantile(rounds.map(of), 0.5) / 1_000).toFixed(1)} s`;
    return [
      {
        what: 'from the start of the process to its summary, against that on an embedded tape',
        measured: seconds(({ ours }) => ours),
        raw: seconds(({ embedded }) => embedded),
        value: quantile(
          rounds.map(({ ours, embedded }) => ours / embedded),
          0.5,
        ),
        bound: 2.5,
        atLeast: false,
        unit: 'x',
      },
    ];
  },
};

async function wholeRun(stores: Pick<RunStores, 'eventStore'> = {}): Promise<number> {
  const data = mkdtempSync(join(tmpdir(), 'tapedeck-bench-'));
  const child = startRun({ data, settings: join(ROOT, 'settings', 'default.json'), ...stores });
  const took = await timed(() => child.saw('"msg":"summary"'));
  child.process.kill('SIGKILL');
  await child.ended;
  rmSync(data, { recursive: true });
  return took;
}
