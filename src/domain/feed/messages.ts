/** The messages of a feed: prices in the instrument's units, times in epoch milliseconds. */

import type { Decimal } from '../decimal.ts';
import type { Quantity } from './units.ts';

/** Levels of one side: the price of each, and in the same place its quantity. */
export interface Levels {
  readonly prices: readonly number[];
  readonly quantities: readonly Quantity[];
}

export interface BookSnapshot {
  readonly kind: 'snapshot';
  /** By the receiver's clock, epoch ms. */
  readonly receivedAt: number;
  /** By the venue's clock, epoch ms; absent of one that was fetched beside the stream, which tells none. */
  readonly eventTime?: number;
  /** The last update that it holds. */
  readonly updateId: number;
  readonly bids: Levels;
  readonly asks: Levels;
  /** Of the book with it, by OKX's rule; absent where the venue sends none. */
  readonly checksum?: number;
}

/** New quantities, not changes, of levels; zero removes one. */
export interface DepthUpdate {
  readonly kind: 'depth';
  readonly receivedAt: number;
  /** By the venue's clock, epoch ms. */
  readonly eventTime: number;
  /** First and last of the updates that it sums up. */
  readonly firstId: number;
  readonly lastId: number;
  /** `lastId` of the message before it, at venues that say so (Binance futures' `pu`); continuity is judged by it then. */
  readonly previousId: number | null;
  readonly bids: Levels;
  readonly asks: Levels;
  /** Of the book after it, by OKX's rule; absent where the venue sends none. */
  readonly checksum?: number;
}

export interface Trade {
  readonly kind: 'trade';
  readonly receivedAt: number;
  /** When it was made, by the venue's clock, epoch ms. */
  readonly time: number;
  /** Counts up by one from trade to trade; of one with a name it is 0 until the session has counted it. */
  readonly tradeId: number;
  /** The venue's id, where its ids do not count up (Bybit): then nothing shows whether a trade is missing. */
  readonly name?: string;
  readonly price: number;
  readonly quantity: Decimal;
  /** False for prints that no market made (an insurance fund's): they take up an id, and belong in no bar. */
  readonly isMarketTrade: boolean;
}

/** A frame of no use to a feed, but that it shows that the connection lives. */
export interface OtherMessage {
  readonly kind: 'other';
  readonly receivedAt: number;
  /** The kind of stream that it is of, such as `bookTicker`. */
  readonly stream: string;
}

/** Whether the snapshots of a venue's books come in the stream of their updates, or have to be fetched beside it. */
export type SnapshotSource = 'fetched' | 'streamed';

export type MarketMessage = BookSnapshot | DepthUpdate | Trade | OtherMessage;

/** Does the update carry on from a book of that id, or lead up to it? Then both are of the same ids. */
export function meets({ firstId, lastId, previousId }: DepthUpdate, id: number): boolean {
  if (previousId === null) return firstId - 1 <= id && id <= lastId;
  return previousId === id || (firstId <= id && id <= lastId);
}
