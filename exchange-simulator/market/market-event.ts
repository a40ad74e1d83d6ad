import type { Amount } from '../core/amount.ts';

export type Side = 'buy' | 'sell';

/** A quantity of 0 deletes the level. */
export type Level = readonly [price: Amount, quantity: Amount];

/** The whole book. `at` is the exchange's time in milliseconds. */
export interface SnapshotTaken {
  readonly kind: 'snapshot';
  readonly at: number;
  readonly lastId: number;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

/**
 * Changed levels, absolute. Ids `firstId` to `lastId` are those of the changes inside it; `previousId` is the last id
 * of the update before.
 */
export interface DepthChanged {
  readonly kind: 'depth';
  readonly at: number;
  readonly previousId: number;
  readonly firstId: number;
  readonly lastId: number;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

export interface TradePrinted {
  readonly kind: 'trade';
  readonly at: number;
  readonly id: number;
  readonly price: Amount;
  readonly quantity: Amount;
  /** The buyer's order rested in the book, and the seller took it. */
  readonly isBuyerMaker: boolean;
}

export type MarketEvent = SnapshotTaken | DepthChanged | TradePrinted;
