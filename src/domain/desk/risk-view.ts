/** The limits' view of the desk's state. */

import { type Account, heldOf } from '../account/account.ts';
import type { Instrument } from '../account/instrument.ts';
import { dayStartOf } from '../account/marks.ts';
import { type Markets, marketValueOf, rateOf, worstCase } from '../account/valuation.ts';
import { add, type Decimal, maximum, multiply, ZERO } from '../decimal.ts';
import type { Side } from '../event.ts';
import { intervalMs } from '../interval.ts';
import { CALENDARS } from '../market/calendar.ts';
import { untrustedBecause } from '../market/market-view.ts';
import { haltInForce } from '../risk/halts.ts';
import type { AccountView, RiskView, SignalAge } from '../risk/limit.ts';
import type { FeedSettings } from '../settings/settings.ts';
import type { Signal } from '../strategy/events.ts';
import { epochMs } from '../time.ts';
import type { Deciding, DeskState } from './desk-state.ts';

/** The order as far as risk goes. */
export interface OrderInView {
  readonly strategy: string;
  readonly instrument: Instrument;
  readonly side: Side;
  /** In base units. */
  readonly base: Decimal;
  readonly signal: Signal | null;
}

/** `reference` is the mark that the order is judged at; `nowMs` the account's now, epoch ms. */
export function riskView(
  { state, settings }: Pick<Deciding, 'state' | 'settings'>,
  account: Account,
  order: OrderInView,
  reference: Decimal,
  nowMs: number,
): RiskView {
  const { instrument } = order;
  const own = worthWith(state, account, order, reference);
  return {
    ...figuresOf(account),
    nowMs,
    halt: haltInForce(state.halts, account.id, order.strategy),
    calendar: CALENDARS[instrument.calendar],
    untrusted: distrustFor(state, settings.feeds.get(instrument.key), account, instrument, nowMs),
    signal: order.signal === null ? null : signalAgeOf(order.signal),
    reference,
    positionWorth: () => own,
    assetWorth: () => worthAround(state, account, instrument, own, instrument.base),
    grossWorth: () => worthAround(state, account, instrument, own, null),
  };
}

/** A price is needed in the account's currency too, or nothing could be compared with its limits. */
function distrustFor(
  state: DeskState,
  feed: FeedSettings | undefined,
  account: Account,
  instrument: Instrument,
  nowMs: number,
): string | null {
  const { key, quote } = instrument;
  const untrusted = untrustedBecause(state.market.get(key), feed, nowMs);
  if (untrusted !== null) return untrusted;
  return rateOf(state, account, quote) === null ? `no-price-of-${quote}` : null;
}

function signalAgeOf(signal: Signal): SignalAge {
  return {
    barCloseMs: epochMs(signal.barCloseTime),
    intervalMs: intervalMs(signal.interval),
    isBackfill: signal.barSource === 'backfill',
  };
}

/** What is held of the order's instrument or asset may come to be worth, with the order, at the reference price. */
function worthWith(state: DeskState, account: Account, order: OrderInView, reference: Decimal): Decimal {
  const { instrument, side, base } = order;
  const { buys, sells } = account.holdings.get(instrument.holding) ?? { buys: ZERO, sells: ZERO };
  const most = worstCase(
    heldOf(account, instrument.holding),
    side === 'buy' ? add(buys, base) : buys,
    side === 'sell' ? add(sells, base) : sells,
  );
  return multiply(multiply(most, reference), rateOf(state, account, instrument.quote) ?? ZERO);
}

/** Adds to the worth of the order's own holding that of the others: of one asset, or of all but the account's currency. */
function worthAround(state: DeskState, account: Account, instrument: Instrument, own: Decimal, asset: string | null): Decimal {
  let worth = own;
  for (const [key, holding] of account.holdings) {
    if (key === instrument.holding || key === account.currency) continue;
    if (asset === null || holding.asset === asset) worth = add(worth, marketValueOf(state, account, key, holding));
  }
  return worth;
}

/** The account as it stands, without an order. */
export function accountView(markets: Markets, account: Account): AccountView {
  let largest = ZERO;
  let gross = ZERO;
  const byAsset = new Map<string, Decimal>();
  for (const [key, holding] of account.holdings) {
    if (key === account.currency) continue;
    const worth = marketValueOf(markets, account, key, holding);
    largest = maximum(largest, worth);
    gross = add(gross, worth);
    byAsset.set(holding.asset, add(byAsset.get(holding.asset) ?? ZERO, worth));
  }
  const asset = [...byAsset.values()].reduce(maximum, ZERO);
  return { ...figuresOf(account), positionWorth: () => largest, assetWorth: () => asset, grossWorth: () => gross };
}

function figuresOf(account: Account): Omit<AccountView, 'positionWorth' | 'assetWorth' | 'grossWorth'> {
  const { nowMs, approvals, equity, maxDrawdown } = account;
  return { nowMs, approvals, equity, dayStart: dayStartOf(account), maxDrawdown };
}
