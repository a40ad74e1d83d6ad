import { amount } from '../../core/amount.ts';
import type { Clock } from '../../core/clock.ts';
import { Random } from '../../core/random.ts';
import { addExampleAccounts } from '../../exchange/example-accounts.ts';
import { Exchange } from '../../exchange/exchange.ts';
import { addPlayedMarket } from '../../exchange/played-market.ts';
import type { Instrument } from '../../market/instrument.ts';
import type { Level, MarketEvent, Side } from '../../market/market-event.ts';
import { LINEAR, marketName, SPOT } from './listing.ts';
import { Bybit } from './venue.ts';

const RULES = { postOnlyThatTakes: 'canceled', clientIdsUniqueAmong: 'all-orders' } as const;
const FEES = { maker: amount('0.001'), taker: amount('0.001') };
const BALANCES = { USDT: amount('100000'), BTC: amount('2') };

const FIRST_PRICE = amount('61837.6');
const FIRST_ID = 7_961_638_724;
/** Levels of each side at the start. */
const LEVELS = 600;

/** A venue that runs: stop its markets when done. */
export interface Running {
  readonly exchange: Exchange;
  readonly venue: Bybit;
  /** Nothing happens in its markets by itself any more. */
  stopMarkets(): void;
  stop(): void;
}

/** A made-up book to begin with. No recording of this venue may be passed on. */
export function firstBook(instrument: Instrument, at: number, seed: number): MarketEvent {
  const random = new Random(seed);
  const side = (of: Side): Level[] =>
    Array.from({ length: LEVELS }, (_, index) => {
      const distance = BigInt(index + (of === 'sell' ? 1 : 0)) * instrument.tickSize;
      const price = of === 'buy' ? FIRST_PRICE - distance : FIRST_PRICE + distance;
      return [price, BigInt(random.between(1, 60_000)) * instrument.lotSize];
    });
  return { kind: 'snapshot', at, lastId: FIRST_ID, bids: side('buy'), asks: side('sell') };
}

/**
 * Bybit with BTCUSDT as a spot pair and as a linear perpetual, and the example accounts. `first` is the book that the
 * spot market begins with; both markets walk on from theirs.
 */
export function standardBybit(clock: Clock, seed: number, first = firstBook(SPOT, clock.now(), seed)): Running {
  const exchange = new Exchange(clock, RULES);
  const playbacks = [
    { name: marketName('spot', SPOT.symbol), instrument: SPOT, first },
    { name: marketName('linear', LINEAR.symbol), instrument: LINEAR, first: firstBook(LINEAR, clock.now(), seed + 1) },
  ].map(({ name, ...life }, index) => addPlayedMarket(exchange, { ...life, others: [].values(), seed: seed + index }, name));
  addExampleAccounts(exchange, FEES, BALANCES);
  const venue = new Bybit(exchange);
  for (const playback of playbacks) playback.start();
  const stopMarkets = (): void => {
    for (const playback of playbacks) playback.stop();
  };
  return {
    exchange,
    venue,
    stopMarkets,
    stop() {
      stopMarkets();
      venue.stop();
    },
  };
}
