/** Puts proposed settings on the tape, as the difference to those in force, closed by `SettingsApplied`. */

import type { EventData, EventName, TapeEvent } from '../domain/catalogue.ts';
import { instrumentKey, type SettingsInForce } from '../domain/settings/in-force.ts';
import { outOfRange } from '../domain/settings/ranges.ts';
import type { InstrumentSettings, Settings } from '../domain/settings/settings.ts';
import { SETTINGS_STREAM } from '../domain/streams.ts';
import { isoTime } from '../domain/time.ts';
import { UserError } from '../domain/user-error.ts';
import type { Clock } from '../ports/clock.ts';
import { type EventStore, WrongExpectedRevisionError } from '../ports/event-store.ts';
import { readSettings } from '../queries/settings-in-force.ts';
import { canonicalHash, canonicalJson } from '../tape/canonical-json.ts';
import { makeEvidence } from '../tape/envelope.ts';
import { movedSignals, orphans } from './orphans.ts';

/** Events of one append. */
const BATCH = 500;
/** How often the difference is computed again when somebody else changes the settings at the same time. */
const MAX_RACES = 10;

/** The proposed settings contradict those in force; says which and what to do. */
export class SettingsRefusedError extends UserError {}

export interface SettingsOrigin {
  readonly clock: Clock;
  readonly actor: string;
  readonly codeVersion: string;
  /** Why, where a person says so. */
  readonly reason?: string;
}

export interface SettingsOutcome {
  /** `ignored`: the tape has a higher generation, which stays in force. */
  readonly outcome: 'applied' | 'in-force' | 'ignored';
  readonly settings: SettingsInForce;
}

/**
 * Proposes settings: a lower generation than the one in force is ignored, the same one with other content is refused
 * (SettingsRefusedError), a higher one is appended and takes effect at its `SettingsApplied`.
 */
export async function applySettings(store: EventStore, proposed: Settings, origin: SettingsOrigin): Promise<SettingsOutcome> {
  for (let attempt = 1; ; attempt++) {
    const { outcome, settings, revision, events } = await planSettings(store, proposed, origin);
    if (outcome !== 'applied') return { outcome, settings };
    try {
      await appendSet(store, revision, events.slice(countBegun(settings.pending, events)));
    } catch (error) {
      if (!(error instanceof WrongExpectedRevisionError) || attempt === MAX_RACES) throw error;
      continue;
    }
    return { outcome, settings: (await readSettings(store)).settings };
  }
}

export interface SettingsPlan extends SettingsOutcome {
  /** The events to append, after that revision; the last closes the set. */
  readonly events: readonly TapeEvent[];
  readonly revision: number | 'no-stream';
}

/** The outcome that proposing the settings would have. Appends nothing; throws SettingsRefusedError as `applySettings` does. */
export async function planSettings(store: EventStore, proposed: Settings, origin: SettingsOrigin): Promise<SettingsPlan> {
  const { $schema: _, ...content } = proposed;
  const hash = canonicalHash(content);
  const { settings, revision } = await readSettings(store);
  if (proposed.generation < settings.generation) return { outcome: 'ignored', settings, events: [], revision };
  if (proposed.generation === settings.generation) {
    if (hash === settings.hash) return { outcome: 'in-force', settings, events: [], revision };
    throw new SettingsRefusedError(
      `settings generation ${proposed.generation} is in force with other content: raise "generation" to propose a change`,
    );
  }
  const beyond = outOfRange(proposed);
  if (beyond.length > 0) throw new SettingsRefusedError(beyond.join('; '));
  const events = changes(settings, proposed, hash, origin);
  const left = [...(await orphans(store, settings, proposed)), ...(await movedSignals(store, proposed))];
  if (left.length > 0) throw new SettingsRefusedError(left.join('; '));
  return { outcome: 'applied', settings, events, revision };
}

/** How many of these very events the tape ends with already, because the process that appended them was cut off: they stand. */
function countBegun(pending: readonly TapeEvent[], events: readonly TapeEvent[]): number {
  for (let count = Math.min(pending.length, events.length); count > 0; count--) {
    const from = pending.length - count;
    if (pending.slice(from).every(({ id }, index) => id === events[index]?.id)) return count;
  }
  return 0;
}

/** In appends of bounded size; a set that is cut off has no `SettingsApplied` and so no effect. */
async function appendSet(store: EventStore, revision: number | 'no-stream', events: readonly TapeEvent[]): Promise<void> {
  let expected = revision;
  for (let from = 0; from < events.length; from += BATCH) {
    const appended = await store.append(SETTINGS_STREAM, expected, events.slice(from, from + BATCH));
    expected = appended.revision;
  }
}

function changes(settings: SettingsInForce, proposed: Settings, hash: string, origin: SettingsOrigin): TapeEvent[] {
  const events: TapeEvent[] = [];
  const { generation } = proposed;
  const put = <N extends EventName>(type: N, name: string, data: EventData[N]): void => {
    events.push(
      makeEvidence(type, SETTINGS_STREAM, `${generation}|${hash}|${name}`, data, {
        occurredAt: isoTime(origin.clock.now()),
        actor: origin.actor,
        codeVersion: origin.codeVersion,
      }),
    );
  };
  putMarket(settings, proposed, put);
  putAccounts(settings, proposed, put);
  putStrategies(settings, proposed, put);
  const why = origin.reason === undefined ? {} : { reason: origin.reason };
  put('SettingsApplied', 'applied', { generation, changes: events.length, hash, ...why });
  return events;
}

type Put = <N extends EventName>(type: N, name: string, data: EventData[N]) => void;

function differs(a: unknown, b: unknown): boolean {
  return a === undefined || canonicalJson(a) !== canonicalJson(b);
}

function putMarket(settings: SettingsInForce, { instruments, feeds }: Settings, put: Put): void {
  const listed = new Set<string>();
  for (const instrument of instruments) {
    const key = instrumentKey(instrument.venue, instrument.symbol);
    listed.add(key);
    const known = settings.instruments.get(key);
    if (known === undefined) put('InstrumentListed', key, instrument);
    else if (differs(known, instrument)) {
      const [was, is] = [fixedTerms(known), fixedTerms(instrument)];
      for (const [field, value] of Object.entries(is)) {
        if (was[field as keyof typeof was] === value) continue;
        throw new SettingsRefusedError(
          `${key}: ${field} of a listed instrument cannot change from ${was[field as keyof typeof was]} to ${value}; list it under another symbol`,
        );
      }
      put('InstrumentUpdated', key, instrument);
    }
  }
  for (const key of settings.instruments.keys()) {
    if (!listed.has(key))
      throw new SettingsRefusedError(
        `${key} is listed on the tape: an instrument cannot be removed, retire its feed and strategies instead`,
      );
  }
  const fed = new Set<string>();
  for (const feed of feeds) {
    const key = instrumentKey(feed.venue, feed.symbol);
    fed.add(key);
    if (differs(settings.feeds.get(key), feed)) put('FeedConfigured', key, feed);
  }
  for (const [key, { venue, symbol }] of settings.feeds) if (!fed.has(key)) put('FeedRetired', key, { venue, symbol });
}

/** What recorded quantities and prices mean rests on these. */
function fixedTerms(instrument: InstrumentSettings) {
  const { kind, base, quote, settle = quote, contractSize, priceScale, quantityScale } = instrument;
  return { kind, base, quote, settle, contractSize, priceScale, quantityScale };
}

function putAccounts(settings: SettingsInForce, { accounts }: Settings, put: Put): void {
  const opened = new Set<string>();
  for (const { limits, ...terms } of accounts) {
    opened.add(terms.id);
    const known = settings.accounts.get(terms.id);
    if (known === undefined) put('AccountOpened', terms.id, terms);
    else if (known.currency !== terms.currency) {
      throw new SettingsRefusedError(
        `account ${terms.id} counts in ${known.currency} and cannot change to ${terms.currency}; open another account`,
      );
    } else if (differs(known, terms)) put('AccountUpdated', terms.id, terms);
    if (differs(settings.limits.get(terms.id), limits)) put('RiskLimitsSet', terms.id, { account: terms.id, limits });
  }
  for (const id of settings.accounts.keys()) {
    if (!opened.has(id))
      throw new SettingsRefusedError(`account ${id} is open on the tape and cannot be removed; halt it instead`);
  }
}

function putStrategies(settings: SettingsInForce, { strategies }: Settings, put: Put): void {
  const configured = new Set<string>();
  for (const strategy of strategies) {
    configured.add(strategy.name);
    const settingsHash = canonicalHash(strategy);
    if (settings.strategies.get(strategy.name)?.settingsHash !== settingsHash) {
      put('StrategyConfigured', strategy.name, { ...strategy, settingsHash });
    }
  }
  for (const name of settings.strategies.keys()) if (!configured.has(name)) put('StrategyRetired', name, { name });
}
