/** Every event type there is. Adding one is a line in its concept's `events.ts` and a line here. */

import type { z } from 'zod';
import * as account from './account/events.ts';
import * as engine from './engine/events.ts';
import type { EventOf, EventType } from './event.ts';
import * as market from './market/events.ts';
import * as order from './order/events.ts';
import * as settings from './settings/events.ts';
import * as strategy from './strategy/events.ts';
import { UserError } from './user-error.ts';
import * as venue from './venue/events.ts';

export const EVENT_TYPES = [
  market.BarClosed,
  market.BarCorrected,
  market.DepthSampled,
  market.FeedStale,
  market.FeedRecovered,
  settings.InstrumentListed,
  settings.InstrumentUpdated,
  settings.FeedConfigured,
  settings.FeedRetired,
  settings.AccountOpened,
  settings.AccountUpdated,
  settings.RiskLimitsSet,
  settings.StrategyConfigured,
  settings.StrategyRetired,
  settings.SettingsApplied,
  strategy.SignalGenerated,
  order.OrderRequested,
  order.OrderCancelRequested,
  order.TradingHaltRequested,
  order.TradingHaltContinued,
  order.TradingResumeRequested,
  order.OrderApproved,
  order.OrderDenied,
  order.OrderSubmitted,
  order.OrderAccepted,
  order.OrderRejected,
  order.OrderUncertain,
  order.OrderTriggered,
  order.OrderFilled,
  order.OrderCancelPending,
  order.OrderCanceled,
  order.OrderCancelRejected,
  order.OrderExpired,
  order.OrderUpdated,
  order.OrderAnomalyDetected,
  order.ExternalOrderSeen,
  venue.ExecutionReported,
  account.PositionChanged,
  account.BalanceChanged,
  account.AccountMarked,
  account.TradingHalted,
  account.TradingResumed,
  engine.CascadeDecided,
  engine.EngineActivated,
] as const satisfies readonly EventType[];

type KnownType = (typeof EVENT_TYPES)[number];

/** Event name to the shape of its data. */
export type EventData = { [T in KnownType as T['type']]: z.output<T['schema']> };
export type EventName = keyof EventData;

/** Any event, told apart by `type`. */
export type TapeEvent = { [N in EventName]: EventOf<N, EventData[N]> }[EventName];

const byName: ReadonlyMap<string, EventType> = new Map(EVENT_TYPES.map((known) => [known.type, known as EventType]));

/** The event type of that name, or undefined when this build does not know it. */
export function findEventType(type: string): EventType | undefined {
  return byName.get(type);
}

/** Thrown for an event that this build cannot read; names the event's type and version, and what to do. */
export class UnreadableEventError extends UserError {}

/**
 * The event in today's shape, which is the same object where it has that already: decisions that an older build
 * recorded come as they were. Throws UnreadableEventError as `upcast` does.
 */
export function inTodaysShape<E extends { readonly type: string; readonly schemaVersion: number; readonly data: unknown }>(
  event: E,
): E {
  const known = byName.get(event.type);
  if (known?.version === event.schemaVersion) return event;
  const data = upcast(event.type, event.schemaVersion, event.data as Record<string, unknown>);
  return { ...event, schemaVersion: known?.version ?? event.schemaVersion, data };
}

/**
 * Brings data that an older build recorded to today's shape. Throws UnreadableEventError for a type that is not in
 * the catalogue and for a version newer than this build's. Data of today's version are handed back as they are.
 */
export function upcast(type: string, schemaVersion: number, data: Record<string, unknown>): Record<string, unknown> {
  const known = byName.get(type);
  if (known === undefined) {
    throw new UnreadableEventError(
      `unknown event type "${type}": this build does not know it; run the build that recorded it, or a newer one; if there is none, the tape is damaged: restore the backup`,
    );
  }
  if (schemaVersion > known.version) {
    throw new UnreadableEventError(
      `${type} version ${schemaVersion} is newer than this build's ${known.version}: run a newer build`,
    );
  }
  let current = data;
  for (let version = schemaVersion; version < known.version; version++) {
    const step = known.upcasts[version];
    if (step === undefined) throw new UnreadableEventError(`${type} version ${version} has no upcast to version ${version + 1}`);
    current = step(current);
  }
  return current;
}
