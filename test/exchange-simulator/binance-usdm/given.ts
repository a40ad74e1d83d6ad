import type { MarketEvent } from '../../../exchange-simulator/market/market-event.ts';
import { type Running, standardBinanceUsdm } from '../../../exchange-simulator/venues/binance-usdm/standard.ts';
import { GivenMarket, SNAPSHOT } from '../given.ts';

/** Binance USD-M futures. Nothing happens in its market but what a test makes happen, unless `isLive`. */
export class GivenUsdm extends GivenMarket<Running> {
  constructor(isLive = false, seed = 1, events: Iterable<MarketEvent> = [SNAPSHOT]) {
    super((clock) => standardBinanceUsdm(clock, events, seed));
    if (!isLive) this.running.stopMarket();
  }

  get faults() {
    return this.running.exchange.faults;
  }
}
