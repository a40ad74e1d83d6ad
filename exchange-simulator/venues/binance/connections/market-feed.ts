import { AggregateFeed } from '../../../market/aggregate-feed.ts';
import type { Market } from '../../../market/market.ts';
import type { DepthChanged, TradePrinted } from '../../../market/market-event.ts';
import type { AggregateTrade } from '../../../market/trades.ts';

/** What a market tells its streams. */
export interface MarketFeed {
  depth(market: Market, change: DepthChanged): void;
  trade(market: Market, trade: TradePrinted): void;
  aggregate(market: Market, aggregate: AggregateTrade): void;
  /** Ids of the book have begun again. */
  reset(market: Market): void;
}

/** Tells a feed of all that happens in a market; a change of the book ends what trades there are into aggregates. */
export function feedFrom(market: Market, feed: MarketFeed): void {
  const aggregates = new AggregateFeed(market, (aggregate) => feed.aggregate(market, aggregate));
  market.observe({
    depth(change) {
      aggregates.seal();
      feed.depth(market, change);
    },
    trade(trade) {
      feed.trade(market, trade);
      aggregates.traded();
    },
    reset: () => feed.reset(market),
  });
}
