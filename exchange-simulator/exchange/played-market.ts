import { Bars } from '../market/bars.ts';
import { madeUpHistory } from '../market/history.ts';
import type { Instrument } from '../market/instrument.ts';
import { Market } from '../market/market.ts';
import type { MarketEvent } from '../market/market-event.ts';
import { Playback } from '../market/playback.ts';
import type { Exchange } from './exchange.ts';

/** A market's life: a snapshot of its book, what is recorded after it, and the seed of what is made up before and after. */
export interface Life {
  readonly instrument: Instrument;
  readonly first: MarketEvent;
  readonly others: Iterator<MarketEvent>;
  readonly seed: number;
  /** Most ids of other books between two changes of this one, where a venue counts the changes of all together. */
  readonly mostForeignIds?: number;
}

/** Adds a market to an exchange, with a past; its life goes on from when the playback is started. `name`: see `addMarket`. */
export function addPlayedMarket(exchange: Exchange, life: Life, name = life.instrument.symbol): Playback {
  const { instrument, first, others, seed, mostForeignIds = 0 } = life;
  const price = first.kind === 'snapshot' ? (first.bids[0]?.[0] ?? 0n) : 0n;
  const market = new Market(instrument, new Bars(madeUpHistory(instrument, exchange.clock.now(), price, seed)));
  exchange.addMarket(market, name);
  return new Playback(exchange.clock, market, first, others, { seed, mostForeignIds });
}
