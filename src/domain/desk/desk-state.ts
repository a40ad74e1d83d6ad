/** Everything that the desk knows, as plain data. */

import type { Account } from '../account/account.ts';
import type { Instrument } from '../account/instrument.ts';
import type { PriceGrade } from '../account/price-choice.ts';
import type { TapeEvent } from '../catalogue.ts';
import type { DecisionContext } from '../engine/reactor.ts';
import type { MarketView } from '../market/market-view.ts';
import { type Halts, noHalts } from '../risk/halts.ts';
import type { Signal } from '../strategy/events.ts';
import { isoTime } from '../time.ts';

export interface DeskState {
  /** By instrument key. */
  readonly instruments: Map<string, Instrument>;
  readonly market: MarketView;
  /** Keys of the instruments that have a feed in force. */
  readonly feeds: Set<string>;
  /** By instrument key: the grade that it had when prices were last chosen. */
  readonly grades: Map<string, PriceGrade>;
  readonly accounts: Map<string, Account>;
  /** Instrument key to the ids of the accounts that use it or hold what its mark prices. */
  readonly watchers: Map<string, string[]>;
  /** The last signal of each strategy. */
  readonly signals: Map<string, { readonly id: string; readonly signal: Signal }>;
  readonly halts: Halts;
  /** Accounts that are to be opened, told of a halt or marked at the end of a feed, or have orders to be cancelled. */
  readonly busy: Set<string>;
  /** Positions that halts want closed, in order, and those of them that are closed on the evidence in hand. */
  readonly toClose: Closing[];
  closing: readonly Closing[];
}

/** A position, by account and key, and the request that wants it closed. */
interface Closing {
  readonly account: string;
  readonly position: string;
  readonly requestId: string;
  readonly isAtLastPrice: boolean;
}

/** The context of a decision: the state and the settings, which it only reads, and its outputs. */
export interface Deciding extends DecisionContext {
  readonly state: DeskState;
  readonly cause: TapeEvent;
}

/**
 * When something is decided for an account, in the time of its market, epoch ms: its now, or before it has one the
 * latest of the instrument; null where no market has told a time. Never a person's own, who may ask years later.
 */
export function decisionMs({ state }: Pick<Deciding, 'state'>, account: string, instrument: string | null): number | null {
  const nowMs = state.accounts.get(account)?.nowMs ?? 0;
  return nowMs || (instrument !== null && state.market.get(instrument)?.timeMs) || null;
}

/** The time of a change of an account's order that is not the venue's. What no market knows of has the time of its cause. */
export function changeTime(deciding: Deciding, account: string): string {
  const ms = decisionMs(deciding, account, null);
  return ms === null ? deciding.cause.metadata.occurredAt : isoTime(ms);
}

export function newDesk(): DeskState {
  return {
    instruments: new Map(),
    market: new Map(),
    feeds: new Set(),
    grades: new Map(),
    accounts: new Map(),
    watchers: new Map(),
    signals: new Map(),
    halts: noHalts(),
    busy: new Set(),
    toClose: [],
    closing: [],
  };
}
