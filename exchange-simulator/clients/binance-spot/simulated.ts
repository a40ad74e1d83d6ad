import { WALL_CLOCK } from '../../core/clock.ts';
import { standardBinanceSpot } from '../../venues/binance-spot/standard.ts';
import { type Ccxt, ccxtBinance, recorded } from '../ccxt-binance.ts';
import { Simulated } from '../simulated.ts';

export type { Ccxt } from '../ccxt-binance.ts';

export function simulatedBinanceSpot(): Promise<Simulated> {
  return Simulated.serve(standardBinanceSpot(WALL_CLOCK, recorded('spot_btcusdt_20240808.jsonl.gz'), 7));
}

export function ccxtOf(simulated: Simulated): Promise<Ccxt> {
  return ccxtBinance(simulated, 'binance', 'spot');
}
