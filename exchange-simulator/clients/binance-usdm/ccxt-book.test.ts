import { describeBook } from '../ccxt-book-drills.ts';
import { ccxtOf, SYMBOL, simulatedBinanceUsdm } from './simulated.ts';

describeBook({ simulate: simulatedBinanceUsdm, connect: ccxtOf, symbol: SYMBOL });
