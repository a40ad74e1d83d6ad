import { describeBook } from '../ccxt-book-drills.ts';
import { ccxtOf, simulatedBinanceSpot } from './simulated.ts';

describeBook({ simulate: simulatedBinanceSpot, connect: ccxtOf, symbol: 'BTC/USDT' });
