/** `npm run fuzz [MUTATIONS] [SEED]`: the scanner against the parser, on recorded frames with a few bytes changed. */

import { fuzzFrames, recordedLines } from '../test/adapters/venues/binance/frame-fuzz.ts';
import { BTCUSDT } from '../test/support/fixtures.ts';

const RECORDINGS = ['data/spot_btcusdt_20240808.jsonl.gz', 'data/spot_btcusdt_20240809.jsonl.gz'];
const ROUND = 100_000;

const mutations = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? 1);
const lines = RECORDINGS.flatMap(recordedLines);
let taken = 0;
let refused = 0;
for (let done = 0; done < mutations; done += ROUND) {
  const result = fuzzFrames(lines, BTCUSDT, Math.min(ROUND, mutations - done), seed + done);
  taken += result.taken;
  refused += result.refused;
  process.stdout.write(
    `${done + result.mutations} mutations: the scanner took ${taken}, the parser refused ${refused}; no difference\n`,
  );
}
