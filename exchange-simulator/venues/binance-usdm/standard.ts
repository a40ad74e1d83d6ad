import type { Clock } from '../../core/clock.ts';
import { Exchange } from '../../exchange/exchange.ts';
import { addPlayedMarket } from '../../exchange/played-market.ts';
import type { MarketEvent } from '../../market/market-event.ts';
import { BTCUSDT } from './requests/symbols.ts';
import { BinanceUsdm } from './venue.ts';

const RULES = { postOnlyThatTakes: 'canceled', clientIdsUniqueAmong: 'open-orders' } as const;

/** As many ids of other books lie between two updates of the recorded one. */
const MOST_FOREIGN_IDS = 300;

/** A venue that runs: stop it when done. */
export interface Running {
  readonly exchange: Exchange;
  readonly venue: BinanceUsdm;
  /** Nothing happens in its market by itself any more. */
  stopMarket(): void;
  stop(): void;
}

/** Binance USD-M futures with the perpetual BTCUSDT living through `events`. It is market data: there are no accounts. */
export function standardBinanceUsdm(clock: Clock, events: Iterable<MarketEvent>, seed: number): Running {
  const exchange = new Exchange(clock, RULES);
  const others = events[Symbol.iterator]();
  const first = others.next().value as MarketEvent;
  const life = { instrument: BTCUSDT, first, others, seed, mostForeignIds: MOST_FOREIGN_IDS };
  const playback = addPlayedMarket(exchange, life);
  const venue = new BinanceUsdm(exchange);
  playback.start();
  return {
    exchange,
    venue,
    stopMarket: () => playback.stop(),
    stop() {
      playback.stop();
      venue.stop();
    },
  };
}
