/** An account's limits as they are checked: read once when they take effect. */

import { type Decimal, parseDecimal } from '../decimal.ts';
import { durationMs, type RiskLimits } from '../settings/settings.ts';

/** Plain data; null where a limit is not set. */
export interface AccountLimits {
  readonly positionSize: Decimal | null;
  readonly dailyLoss: Decimal | null;
  readonly drawdown: Decimal | null;
  readonly concentration: Decimal | null;
  readonly leverage: Decimal | null;
  readonly priceCollar: Decimal | null;
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

function optional(text: string | undefined): Decimal | null {
  return text === undefined ? null : parseDecimal(text);
}
