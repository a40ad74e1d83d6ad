import type { Amount } from '../core/amount.ts';

/** What is traded, and on which grid. A limit of 0 means that there is none. */
export interface Instrument {
  /** As the venue spells it. */
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  readonly tickSize: Amount;
  readonly lotSize: Amount;
  readonly leastQuantity: Amount;
  readonly mostQuantity: Amount;
  readonly leastPrice: Amount;
  readonly mostPrice: Amount;
  readonly leastNotional: Amount;
  readonly mostNotional: Amount;
  /** Most open orders that one account may have here. */
  readonly mostOpenOrders: number;
}

/** `cancel-only`: no order may be placed, and cancels pass. */
export type MarketStatus = 'trading' | 'cancel-only' | 'halted';
