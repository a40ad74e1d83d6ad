/** `tapedeck ingest`: recordings onto the tape, in step, then stop. */

import type { Command } from 'commander';
import { openRecording } from '../../adapters/open.ts';
import { framesText } from '../../domain/feed/tally.ts';
import { INTERVALS } from '../../domain/interval.ts';
import { evolveSettings, instrumentKey, noSettings, type SettingsInForce } from '../../domain/settings/in-force.ts';
import { UserError } from '../../domain/user-error.ts';
import { volumeShareText } from '../../domain/venue/paper/fill-bounds.ts';
import { makeLogger } from '../../logging.ts';
import { readSettings } from '../../queries/settings-in-force.ts';
import { applySettings, planSettings, type SettingsPlan } from '../../requests/settings-apply.ts';
import { loadSettings } from '../../requests/settings-file.ts';
import { readToFirstUse } from '../../requests/settings-recordings.ts';
import { codeVersion } from '../../runtime/engine/code-version.ts';
import { evidenceSink } from '../../runtime/ingest/evidence-sink.ts';
import {
  type FeedOfRun,
  type FeedOutcome,
  feedName,
  feedsOfRun,
  findFeed,
  runFeeds,
  warnings,
} from '../../runtime/ingest/feed-run.ts';
import { makeEngineRunner } from '../../system.ts';
import { feedsOf, planWithRecordings } from '../recordings.ts';
import { stopSignal } from '../stop-signal.ts';
import { cliActor, type OpenStores, withStores } from '../stores.ts';
import { withExamples } from '../terminal/examples.ts';
import { fillLines } from '../terminal/fill-lines.ts';
import { wantsJson } from '../terminal/output.ts';
import { printLines } from '../terminal/print.ts';
import { makeScreen } from '../terminal/screen.ts';

interface Options {
  readonly all?: true;
  readonly venue?: string;
  readonly symbol?: string;
  readonly interval?: string;
  readonly json?: true;
  readonly rollBack?: true;
}

/** What is to be taken in: all recordings of the settings, or some files of one feed. */
type Asked =
  | { readonly isAll: true }
  | { readonly isAll: false; readonly files: readonly string[]; readonly venue: string; readonly symbol: string };

export function ingestCommand(command: Command): void {
  command
    .argument('[file...]', 'raw frames or candles, gzipped or not; several files are one session, in this order')
    .option('--venue <name>', 'the venue of the recording, such as binance')
    .option('--symbol <name>', 'the symbol as the venue writes it, such as BTCUSDT')
    .option('--interval <interval>', 'the interval of the candles; it must be the interval of the feed')
    .option('--all', 'take in all recordings that the settings name, as one run by time')
    .option('--roll-back', 'let this build replace the one that replaced it')
    .option('--json', 'print the outcome of each feed as one JSON line')
    .action((files: string[], options: Options) => {
      const asked = whatIsAsked(command, files, options);
      return withStores((opened) => run(opened, asked, options));
    });
  withExamples(command, [
    'tapedeck ingest --all',
    'tapedeck ingest data/spot_btcusdt_20240808.jsonl.gz --venue binance --symbol BTCUSDT',
    'tapedeck ingest data/coinbase_*.json.gz --venue coinbase --symbol BTC-USD --interval 4h',
  ]);
}

function whatIsAsked(command: Command, files: readonly string[], { all, venue, symbol, interval }: Options): Asked {
  if (all === true) {
    if (files.length > 0 || venue !== undefined || symbol !== undefined || interval !== undefined) {
      command.error('error: --all takes in what the settings name: leave out files, --venue, --symbol and --interval');
    }
    return { isAll: true };
  }
  if (files.length === 0) command.error("error: missing required argument 'file', or --all");
  if (venue === undefined) return command.error("error: required option '--venue <name>' not specified");
  if (symbol === undefined) return command.error("error: required option '--symbol <name>' not specified");
  return { isAll: false, files, venue, symbol };
}

async function run(opened: OpenStores, asked: Asked, options: Options): Promise<void> {
  const { config, time, events, reads } = opened;
  const build = codeVersion();
  const settings = await settingsFor(opened, build, asked, options.interval);
  const feeds = asked.isAll ? recordingsOf(opened, settings) : [oneFeed(settings, asked, options.interval)];
  const log = makeLogger('silent');
  const runner = makeEngineRunner({ events, reads, time, log, codeVersion: build, mayRollBack: options.rollBack === true });
  const json = wantsJson(options);
  const screen = makeScreen(json ? undefined : process.stdout, log);
  const signal = stopSignal(time, config.isWithinNpm);
  const ended = new Set<FeedOfRun>();
  const outcomes = await runFeeds(evidenceSink(events, runner, time), events, feeds, {
    settings,
    isOfOne: !asked.isAll,
    codeVersion: build,
    signal,
    onProgress: ({ market }, progress) => screen.progress(feedName(market), progress),
    onEnd: (feed) => ended.add(feed),
  });
  for (const [index, feed] of feeds.entries()) {
    const outcome = outcomes[index] as FeedOutcome;
    const name = feedName(feed.market);
    if (json) printLines([jsonLine(name, outcome, ended.has(feed), sharesIn([feed], settings))]);
    else {
      screen.done(name, outcome);
      for (const text of framesText(outcome.frames)) screen.say(`    ${text}`, {});
      for (const warning of warnings(outcome)) screen.warn(asked.isAll ? `${name}: ${warning}` : warning);
    }
  }
  if (!json) for (const line of fillLines(sharesIn(feeds, settings))) screen.say(`  ${line}`, {});
  if (ended.size < feeds.length)
    throw new UserError('stopped before the end of the recording: the same command goes on where this one left off');
}

/** The bounds of fills in the accounts whose strategies trade the instruments of these feeds. */
function sharesIn(feeds: readonly FeedOfRun[], { accounts, strategies }: SettingsInForce): Map<string, string> {
  const fed = new Set(feeds.map(({ market }) => instrumentKey(market.venue, market.symbol)));
  const trading = [...strategies.values()].filter(({ venue, symbol }) => fed.has(instrumentKey(venue, symbol)));
  const names = new Set(trading.map(({ account }) => account));
  return new Map(
    [...accounts.values()].filter(({ id }) => names.has(id)).map((account) => [account.id, volumeShareText(account)]),
  );
}

/**
 * A tape without settings takes those that are proposed, once nothing speaks against what is asked: what is in force stays
 * on the tape. On any other, only what is in force counts.
 */
async function settingsFor(
  opened: OpenStores,
  build: string,
  asked: Asked,
  interval: string | undefined,
): Promise<SettingsInForce> {
  const { config, time, events } = opened;
  const { settings } = await readSettings(events);
  if (settings.generation > 0) return settings;
  const proposed = await loadSettings(config.settingsFile);
  const origin = { clock: time, actor: cliActor(config), codeVersion: build };
  if (asked.isAll) await planWithRecordings(proposed, opened, origin);
  else {
    const { feed, instrument } = findFeed(comingInForce(await planSettings(events, proposed, origin)), asked.venue, asked.symbol);
    checkInterval(interval, feed.bars);
    await readToFirstUse(openRecording(asked.files, feed, instrument));
  }
  return (await applySettings(events, proposed, origin)).settings;
}

/** The settings as the plan makes them of a tape without any; another process may have put them in force meanwhile. */
function comingInForce({ outcome, settings, events }: SettingsPlan): SettingsInForce {
  if (outcome !== 'applied') return settings;
  const coming = noSettings();
  for (const event of events) evolveSettings(coming, event);
  return coming;
}

function recordingsOf({ config }: OpenStores, settings: SettingsInForce): readonly FeedOfRun[] {
  const feeds = feedsOfRun(settings, feedsOf(config));
  if (feeds.length > 0) return feeds;
  throw new UserError('the settings in force name no recordings: list them under "recordings" of a feed');
}

function oneFeed(
  settings: SettingsInForce,
  { files, venue, symbol }: Asked & { readonly isAll: false },
  interval: string | undefined,
): FeedOfRun {
  const { feed, instrument } = findFeed(settings, venue, symbol);
  checkInterval(interval, feed.bars);
  return { market: feed, source: openRecording(files, feed, instrument) };
}

function checkInterval(asked: string | undefined, made: string): void {
  if (asked === undefined || asked === made) return;
  if (!(INTERVALS as readonly string[]).includes(asked))
    throw new UserError(`--interval ${asked} is none of ${INTERVALS.join(', ')}`);
  throw new UserError(`--interval ${asked}: the feed's bars are ${made}; change "bars" of the feed in the settings first`);
}

function jsonLine(feed: string, outcome: FeedOutcome, complete: boolean, shares: ReadonlyMap<string, string>): string {
  const { recorded, already, differing, older, decisions, upTo, late, tally, frames } = outcome;
  const counts = { feed, complete, recorded, already, differing, older, decisions, upTo, late };
  const [byKind, byReason] = [Object.fromEntries(frames), Object.fromEntries(tally)];
  return JSON.stringify({ ...counts, frames: byKind, tally: byReason, maxVolumeShare: Object.fromEntries(shares) });
}
