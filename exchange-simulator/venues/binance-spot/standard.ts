import { amount } from '../../core/amount.ts';
import type { Clock } from '../../core/clock.ts';
import { addExampleAccounts } from '../../exchange/example-accounts.ts';
import { Exchange } from '../../exchange/exchange.ts';
import { addPlayedMarket } from '../../exchange/played-market.ts';
import type { Instrument } from '../../market/instrument.ts';
import type { MarketEvent } from '../../market/market-event.ts';
import { BinanceSpot } from './venue.ts';

/** As Binance lists it. */
export const BTCUSDT: Instrument = {
  symbol: 'BTCUSDT',
  base: 'BTC',
  quote: 'USDT',
  tickSize: amount('0.01'),
  lotSize: amount('0.00001'),
  leastQuantity: amount('0.00001'),
  mostQuantity: amount('9000'),
  leastPrice: amount('0.01'),
  mostPrice: amount('1000000'),
  leastNotional: amount('5'),
  mostNotional: amount('9000000'),
  mostOpenOrders: 200,
};

/** A key pair made for examples: it signs for nobody but simulated accounts. */
const EXAMPLE_PUBLIC_KEY = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
`;

const RULES = { postOnlyThatTakes: 'refused', clientIdsUniqueAmong: 'open-orders' } as const;
const FEES = { maker: amount('0.001'), taker: amount('0.001') };
const BALANCES = { USDT: amount('100000'), BTC: amount('2'), BNB: 0n };

/** A venue that runs: stop its market when done. */
export interface Running {
  readonly exchange: Exchange;
  readonly venue: BinanceSpot;
  stop(): void;
}

/**
 * Binance Spot with BTCUSDT living through `events`, and the example accounts. The first has one more key:
 * `simulator-ed25519`, the private key of RFC 8032's first test.
 */
export function standardBinanceSpot(clock: Clock, events: Iterable<MarketEvent>, seed: number): Running {
  const exchange = new Exchange(clock, RULES);
  const iterator = events[Symbol.iterator]();
  const first = iterator.next().value as MarketEvent;
  const playback = addPlayedMarket(exchange, { instrument: BTCUSDT, first, others: iterator, seed });
  const account = addExampleAccounts(exchange, FEES, BALANCES);
  exchange.addKey({
    id: 'simulator-ed25519',
    account,
    permissions: new Set(['read', 'trade']),
    kind: 'ed25519',
    secret: EXAMPLE_PUBLIC_KEY,
  });
  const venue = new BinanceSpot(exchange);
  playback.start();
  return {
    exchange,
    venue,
    stop() {
      playback.stop();
      venue.stop();
    },
  };
}
