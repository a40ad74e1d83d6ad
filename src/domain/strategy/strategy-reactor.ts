/** Runs the strategies in force: bars in, `SignalGenerated` out. */

import type { Reactor } from '../engine/reactor.ts';
import type { Bar } from '../market/events.ts';
import type { ConfiguredStrategy } from '../settings/events.ts';
import { instrumentKey, type SettingsInForce } from '../settings/in-force.ts';
import { signalsStream } from '../streams.ts';
import { UserError } from '../user-error.ts';
import { findStrategyKind } from './strategies.ts';
import { HISTORY_BARS, type SideChange, type StrategyKind } from './strategy.ts';

interface Running {
  readonly settings: ConfiguredStrategy;
  /** The strategy kind's own. */
  readonly state: unknown;
  lastOpenTime: string | null;
}

interface Change extends SideChange {
  readonly strategy: string;
  readonly settingsHash: string;
}

interface StrategyState {
  /** The last bars of each series, so that a strategy that is added later can be warmed up. */
  readonly history: Map<string, Bar[]>;
  readonly running: Map<string, Running>;
  /**
   * What the bars of the latest evidence changed, by the bar's event id. One piece of evidence may close two bars of
   * one series, and both are taken in before the first is decided on.
   */
  readonly changes: Map<string, Change[]>;
}

function seriesKey(venue: string, symbol: string, interval: string): string {
  return `${venue}.${symbol}.${interval}`;
}

export const strategyReactor: Reactor<StrategyState> = {
  name: 'strategy',
  start: () => ({ history: new Map(), running: new Map(), changes: new Map() }),

  evolve(state, event, settings) {
    if (event.metadata.reactor === undefined) state.changes.clear();
    if (event.type === 'BarClosed') applyBar(state, event.id, event.data);
    else if (event.type === 'SettingsApplied') startAndStop(state, settings);
  },

  decide(state, event, { emit }) {
    if (event.type !== 'BarClosed') return;
    const bar = event.data;
    for (const { strategy, side, reason, settingsHash } of state.changes.get(event.id) ?? []) {
      emit('SignalGenerated', signalsStream(strategy), {
        strategy,
        venue: bar.venue,
        symbol: bar.symbol,
        interval: bar.interval,
        side,
        barOpenTime: bar.openTime,
        barCloseTime: bar.closeTime,
        barSource: bar.source,
        reason,
        settingsHash,
      });
    }
  },
};

function applyBar(state: StrategyState, id: string, bar: Bar): void {
  const changes: Change[] = [];
  for (const running of state.running.values()) {
    if (!isFor(running.settings, bar)) continue;
    const { name: strategy, settingsHash } = running.settings;
    const change = feed(running, bar);
    if (change !== null) changes.push({ ...change, strategy, settingsHash });
  }
  if (changes.length > 0) state.changes.set(id, changes);
  remember(state.history, bar);
}

function remember(history: StrategyState['history'], bar: Bar): void {
  const key = seriesKey(bar.venue, bar.symbol, bar.interval);
  const bars = history.get(key);
  if (bars === undefined) {
    history.set(key, [bar]);
    return;
  }
  const last = bars[bars.length - 1];
  if (last !== undefined && bar.openTime <= last.openTime) return;
  bars.push(bar);
  if (bars.length >= 2 * HISTORY_BARS) bars.splice(0, bars.length - HISTORY_BARS);
}

/** After a set of settings took effect: what is new or changed starts, warmed up; what is retired stops. */
function startAndStop(state: StrategyState, settings: SettingsInForce): void {
  const { running } = state;
  for (const name of running.keys()) if (!settings.strategies.has(name)) running.delete(name);
  for (const configured of settings.strategies.values()) {
    if (running.get(configured.name)?.settings.settingsHash === configured.settingsHash) continue;
    running.set(configured.name, startStrategy(state, configured, settings));
  }
}

function startStrategy({ history }: StrategyState, strategy: ConfiguredStrategy, { instruments }: SettingsInForce): Running {
  const kind = findStrategyKind(strategy.kind);
  const params = kind?.params.safeParse(strategy.params).data;
  if (kind === undefined || params === undefined) {
    throw new UserError(
      `strategy "${strategy.name}" is in force with a kind or parameters that this build does not know (${strategy.kind}): run the build that put it in force`,
    );
  }
  const instrument = instruments.get(instrumentKey(strategy.venue, strategy.symbol));
  if (instrument === undefined) {
    throw new Error(
      `strategy "${strategy.name}" is in force without its instrument; settings are checked before they are applied`,
    );
  }
  const running: Running = { settings: strategy, state: kind.start(params, instrument), lastOpenTime: null };
  const bars = history.get(seriesKey(strategy.venue, strategy.symbol, strategy.interval)) ?? [];
  // What the warm-up makes is history: nothing is decided on it.
  for (const bar of bars.slice(-kind.warmUp(params))) feed(running, bar);
  return running;
}

function isFor(settings: ConfiguredStrategy, bar: Bar): boolean {
  return settings.interval === bar.interval && settings.symbol === bar.symbol && settings.venue === bar.venue;
}

/** Hands a bar on, unless the strategy has had that open time or a later one. Returns what it changes. */
function feed(running: Running, bar: Bar): SideChange | null {
  if (running.lastOpenTime !== null && bar.openTime <= running.lastOpenTime) return null;
  running.lastOpenTime = bar.openTime;
  const kind = findStrategyKind(running.settings.kind) as StrategyKind;
  return kind.evolve(running.state, bar);
}
