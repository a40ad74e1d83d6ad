/** An account's limits as they are checked: read once when they take effect. */

import { type Decimal, formatDecimal, parseDecimal } from '../decimal.ts';
import { durationMs, type RiskLimits } from '../settings/settings.ts';

/** A bound with its text, which every order that it lets through carries. */
export interface Bound {
  readonly value: Decimal;
  readonly text: string;
}

/** Plain data; null where a limit is not set. */
export interface AccountLimits {
  readonly positionSize: Bound | null;
  readonly dailyLoss: Bound | null;
  readonly drawdown: Bound | null;
  readonly concentration: Bound | null;
  readonly leverage: Bound | null;
  readonly priceCollar: Bound | null;
  readonly orderRate: { readonly orders: number; readonly perMs: number; readonly text: string } | null;
  readonly marketHours: boolean;
}

export function readLimits(limits: RiskLimits | undefined): AccountLimits {
  const rate = limits?.orderRate;
  return {
    positionSize: optional(limits?.positionSize),
    dailyLoss: optional(limits?.dailyLoss),
    drawdown: optional(limits?.drawdown),
    concentration: optional(limits?.concentration),
    leverage: optional(limits?.leverage),
    priceCollar: optional(limits?.priceCollar),
    orderRate:
      rate === undefined ? null : { orders: rate.orders, perMs: durationMs(rate.per), text: `${rate.orders} per ${rate.per}` },
    marketHours: limits?.marketHours ?? true,
  };
}

function optional(text: string | undefined): Bound | null {
  if (text === undefined) return null;
  const value = parseDecimal(text);
  return { value, text: formatDecimal(value) };
}
