/** Finds the feeds of a run that come late: an account that uses them is past the time at which they begin or go on. */

import type { EvidenceDraft, Market } from '../../domain/feed/evidence.ts';
import { Tally } from '../../domain/feed/tally.ts';
import { intervalMs } from '../../domain/interval.ts';
import { STALE_INTERVALS } from '../../domain/market/market-view.ts';
import { instrumentKey, type SettingsInForce } from '../../domain/settings/in-force.ts';
import type { FeedSettings } from '../../domain/settings/settings.ts';
import { feedStream } from '../../domain/streams.ts';
import { epochMs, isoTime } from '../../domain/time.ts';
import { UserError } from '../../domain/user-error.ts';
import type { EventStore } from '../../ports/event-store.ts';
import type { Feed } from '../../ports/feed.ts';
import { eventsOf } from '../../ports/pages.ts';
import { comparePositions } from '../../tape/envelope.ts';
import { nowOfAccounts } from './accounts-now.ts';
import { heldUpTo, isCutOff } from './held-evidence.ts';
import { RecordedPieces } from './recorded-pieces.ts';

type Tape = Pick<EventStore, 'read'>;

/** A feed of the run. */
interface Played {
  readonly market: FeedSettings;
  readonly source: Feed;
}

export interface LateFeedOptions {
  /** The run is files of one feed, and not all recordings that the settings name. */
  readonly isOfOne?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * One sentence for each feed that comes late and is taken in all the same, and null for the others. Throws UserError for
 * one that is not. Nothing is recorded.
 *
 * A run by time that was cut off goes on where it was, and has no late feed. But the builds before that took feeds in one
 * after the other, and what they have begun must be able to go on.
 */
export async function lateFeeds(
  events: Tape,
  settings: SettingsInForce,
  feeds: readonly Played[],
  { isOfOne = false, signal }: LateFeedOptions = {},
): Promise<readonly (string | null)[]> {
  const nowOf = await nowOfAccounts(events, settings);
  const sentences: (string | null)[] = [];
  for (const { market, source } of feeds) {
    const now = await nowOf(market);
    const held = await heldUpTo(events, market);
    // What is older than the tape holds of its own feed is dropped.
    const isPossible = now !== undefined && (held === null || held < now.time);
    const begins = isPossible ? await firstNewTime(source, new RecordedPieces(events), held, signal) : null;
    if (!isPossible || begins === null || begins >= now.time) {
      sentences.push(null);
      continue;
    }
    const { venue, symbol } = market;
    const verb = held === null ? 'begins' : 'goes on';
    const sentence = `${venue} ${symbol} ${verb} at ${isoTime(begins)}, but account ${now.account}, which uses it, is at ${isoTime(now.time)} already`;
    const tolerated = isOfOne ? 0 : await toleratedMs(events, settings, market, held);
    if (now.time - begins > tolerated) throw new UserError(`${sentence}, and would take it for old: ${adviceFor(isOfOne)}`);
    sentences.push(`${sentence}: what lies before is recorded, and is old to that account`);
  }
  return sentences;
}

function adviceFor(isOfOne: boolean): string {
  return isOfOne
    ? 'give its strategies another account, or play all recordings of the settings as one run, with "./tapedeck ingest --all" and a fresh TAPEDECK_DATA'
    : 'give its strategies another account, or take all recordings in with a fresh TAPEDECK_DATA';
}

/** Time of the first piece that is not on the tape and is not dropped for its age, under which a run by time plays it. */
async function firstNewTime(
  source: Feed,
  recorded: RecordedPieces,
  held: number | null,
  signal: AbortSignal | undefined,
): Promise<number | null> {
  let time = Number.NEGATIVE_INFINITY;
  const isNew = async (draft: EvidenceDraft): Promise<boolean> => {
    time = Math.max(time, epochMs(draft.occurredAt));
    return (held === null || time >= held) && !(await recorded.has(draft));
  };
  for await (const drafts of source.evidence({ tally: new Tally(), signal })) {
    for (const draft of drafts) if (await isNew(draft)) return time;
  }
  return null;
}

/**
 * How late a feed may be. One that was cut off goes on whenever it was; so does one that a run which was cut off had not
 * begun yet. Of one that had ended, the files are longer now: those of several feeds do not end at the same moment, and
 * the last bars of a feed are trusted a little longer.
 */
async function toleratedMs(events: Tape, settings: SettingsInForce, feed: FeedSettings, held: number | null): Promise<number> {
  if (held === null) return (await wasLeftOver(events, settings, feed)) ? Number.POSITIVE_INFINITY : 0;
  return (await isCutOff(events, feed)) ? Number.POSITIVE_INFINITY : STALE_INTERVALS * intervalMs(feed.bars);
}

/** Is a feed that was cut off on the tape, which was begun when this one was in force already? */
async function wasLeftOver(events: Tape, { feeds }: SettingsInForce, { venue, symbol }: Market): Promise<boolean> {
  const configured = await configuredAt(events, instrumentKey(venue, symbol));
  if (configured === undefined) return false;
  for (const other of feeds.values()) {
    if (!(await isCutOff(events, other))) continue;
    const [begun] = await events.read({ stream: feedStream(other.venue, other.symbol), limit: 1 });
    if (begun !== undefined && comparePositions(configured, begun.position) < 0) return true;
  }
  return false;
}

/** Where the tape has the feed's settings first. */
async function configuredAt(events: Tape, key: string): Promise<string | undefined> {
  for await (const event of eventsOf(events, { categories: ['settings'], types: ['FeedConfigured'] })) {
    if (event.type === 'FeedConfigured' && instrumentKey(event.data.venue, event.data.symbol) === key) return event.position;
  }
  return undefined;
}
