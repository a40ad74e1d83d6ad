import { amount } from '../../core/amount.ts';
import type { Clock } from '../../core/clock.ts';
import { addExampleAccounts } from '../../exchange/example-accounts.ts';
import { Exchange } from '../../exchange/exchange.ts';
import { addPlayedMarket } from '../../exchange/played-market.ts';
import type { Level, MarketEvent, SnapshotTaken } from '../../market/market-event.ts';
import { BTC_USDT, BTC_USDT_SWAP, CONTRACT_VALUE } from './instruments.ts';
import { Okx } from './venue.ts';

const RULES = { postOnlyThatTakes: 'canceled', clientIdsUniqueAmong: 'open-orders' } as const;
const FEES = { maker: amount('0.0008'), taker: amount('0.001') };
const BALANCES = { USDT: amount('100000'), BTC: amount('2') };

/** A venue that runs: stop its markets when done. */
export interface Running {
  readonly exchange: Exchange;
  readonly venue: Okx;
  stop(): void;
}

/**
 * OKX with BTC-USDT living through `events`, BTC-USDT-SWAP walking beside it, and the example accounts in
 * spot mode. The passphrase of their keys is `simulator-pass`.
 */
export function standardOkx(clock: Clock, events: Iterable<MarketEvent>, seed: number): Running {
  const exchange = new Exchange(clock, RULES);
  const iterator = events[Symbol.iterator]();
  const first = iterator.next().value as MarketEvent;
  if (first.kind !== 'snapshot') throw new Error('A recording begins with a snapshot of the book');
  const playbacks = [
    addPlayedMarket(exchange, { instrument: BTC_USDT, first, others: iterator, seed }),
    addPlayedMarket(exchange, { instrument: BTC_USDT_SWAP, first: swapOf(first), others: [].values(), seed: seed + 1 }),
  ];
  addExampleAccounts(exchange, FEES, BALANCES, 'simulator-pass');
  const venue = new Okx(exchange);
  for (const one of playbacks) one.start();
  return {
    exchange,
    venue,
    stop() {
      for (const one of playbacks) one.stop();
      venue.stop();
    },
  };
}

/** The spot book with its quantities in whole contracts: the swap has no recording of its own. */
function swapOf(spot: SnapshotTaken): SnapshotTaken {
  const contracts = (levels: readonly Level[]): Level[] =>
    levels.map(([price, quantity]) => [price, (quantity / CONTRACT_VALUE + 1n) * amount('1')]);
  return { ...spot, bids: contracts(spot.bids), asks: contracts(spot.asks) };
}
