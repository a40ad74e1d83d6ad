import { WALL_CLOCK } from '../../core/clock.ts';
import { standardBinanceUsdm } from '../../venues/binance-usdm/standard.ts';
import { type Ccxt, ccxtBinance, recorded } from '../ccxt-binance.ts';
import { Simulated } from '../simulated.ts';

export const SYMBOL = 'BTC/USDT:USDT';

export function simulatedBinanceUsdm(): Promise<Simulated> {
  return Simulated.serve(standardBinanceUsdm(WALL_CLOCK, recorded('usdm_btcusdt_20240718_head.jsonl.gz'), 7));
}

export function ccxtOf(simulated: Simulated): Promise<Ccxt> {
  return ccxtBinance(simulated, 'binanceusdm', 'linear');
}
