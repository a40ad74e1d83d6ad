/** `tapedeck ingest`: recordings onto the tape, in step, then stop. */

import type { Command } from 'commander';
import { openRecording } from '../../adapters/open.ts';
import { INTERVALS } from '../../domain/interval.ts';
import { UserError } from '../../domain/user-error.ts';
import { volumeShareText } from '../../domain/venue/paper/fill-bounds.ts';
import { makeLogger } from '../../logging.ts';
import { readSettings } from '../../queries/settings-in-force.ts';
import { applySettings } from '../../requests/settings-apply.ts';
import { loadSettings } from '../../requests/settings-file.ts';
import { codeVersion } from '../../runtime/engine/code-version.ts';
import { evidenceSink } from '../../runtime/ingest/evidence-sink.ts';
import { type FeedOutcome, feedName, findFeed, runFeed, warnings } from '../../runtime/ingest/feed-run.ts';
import { makeEngineRunner } from '../../system.ts';
import { stopSignal } from '../stop-signal.ts';
import { cliActor, type OpenStores, withStores } from '../stores.ts';
import { withExamples } from '../terminal/examples.ts';
import { fillLines } from '../terminal/fill-lines.ts';
import { wantsJson } from '../terminal/output.ts';
import { makeScreen } from '../terminal/screen.ts';

interface Options {
  readonly venue: string;
  readonly symbol: string;
  readonly interval?: string;
  readonly json?: true;
  readonly rollBack?: true;
}

export function ingestCommand(command: Command): void {
  command
    .argument('<file...>', 'raw frames or candles, gzipped or not; several files are one session, in this order')
    .requiredOption('--venue <name>', 'the venue of the recording, such as binance')
    .requiredOption('--symbol <name>', 'the symbol as the venue writes it, such as BTCUSDT')
    .option('--interval <interval>', 'the interval of the candles; it must be the interval of the feed')
    .option('--roll-back', 'let this build replace the one that replaced it')
    .option('--json', 'print the outcome as one JSON line')
    .action((files: string[], options: Options) => withStores((opened) => run(opened, files, options)));
  withExamples(command, [
    'tapedeck ingest data/spot_btcusdt_20240808.jsonl.gz --venue binance --symbol BTCUSDT',
    'tapedeck ingest data/coinbase_*.json.gz --venue coinbase --symbol BTC-USD --interval 4h',
  ]);
}

async function run({ config, time, events, reads }: OpenStores, files: readonly string[], options: Options): Promise<void> {
  const build = codeVersion();
  const { settings: recorded } = await readSettings(events);
  // A tape without settings takes those that are proposed; on any other, only what is in force counts.
  const settings =
    recorded.generation > 0
      ? recorded
      : (
          await applySettings(events, await loadSettings(config.settingsFile), {
            clock: time,
            actor: cliActor(config),
            codeVersion: build,
          })
        ).settings;
  const found = findFeed(settings, options.venue, options.symbol);
  checkInterval(options.interval, found.feed.bars);
  const log = makeLogger('silent');
  const runner = makeEngineRunner({ events, reads, time, log, codeVersion: build, mayRollBack: options.rollBack === true });
  const json = wantsJson(options);
  const screen = makeScreen(json ? undefined : process.stdout, log);
  const signal = stopSignal(time, config.isWithinNpm);
  const name = feedName(found.feed);
  const outcome = await runFeed(evidenceSink(events, runner, time), openRecording(files, found.feed, found.instrument), {
    codeVersion: build,
    signal,
    onProgress: (progress) => screen.progress(name, progress),
  });
  const isComplete = !signal.aborted;
  const shares = new Map([...settings.accounts.values()].map((account) => [account.id, volumeShareText(account)]));
  if (json) process.stdout.write(`${jsonLine(outcome, isComplete, shares)}\n`);
  else {
    screen.done(name, outcome);
    for (const line of fillLines(shares)) screen.say(`  ${line}`, {});
    for (const warning of warnings(outcome)) screen.warn(warning);
  }
  if (!isComplete)
    throw new UserError('stopped before the end of the recording: the same command goes on where this one left off');
}

function checkInterval(asked: string | undefined, made: string): void {
  if (asked === undefined || asked === made) return;
  if (!(INTERVALS as readonly string[]).includes(asked))
    throw new UserError(`--interval ${asked} is none of ${INTERVALS.join(', ')}`);
  throw new UserError(`--interval ${asked}: the feed's bars are ${made}; change "bars" of the feed in the settings first`);
}

function jsonLine(
  { recorded, already, differing, decisions, upTo, tally }: FeedOutcome,
  complete: boolean,
  shares: ReadonlyMap<string, string>,
): string {
  const counts = { complete, recorded, already, differing, decisions, upTo, tally: Object.fromEntries(tally) };
  return JSON.stringify({ ...counts, maxVolumeShare: Object.fromEntries(shares) });
}
