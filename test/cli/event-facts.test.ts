import { describe, expect, it } from 'vitest';
import { eventLine } from '../../src/cli/commands/events.ts';
import { EVENT_FACTS, eventFacts } from '../../src/cli/event-facts.ts';
import { EVENT_TYPES } from '../../src/domain/catalogue.ts';
import { ORDER, recorded } from '../projections/recorded.ts';
import { barOf } from '../support/fixtures.ts';

const FILL = {
  orderId: ORDER,
  account: 'paper-1',
  at: '2024-08-08T10:00:00.000Z',
  strategy: 'cross',
  venue: 'binance',
  symbol: 'BTCUSDT',
  side: 'buy',
  tradeId: '1',
  price: '100.5',
  quantity: '2',
  cumulativeQuantity: '2',
  fee: '0.201',
  feeAsset: 'USDT',
  liquidity: 'taker',
} as const;

describe('the facts of an event', () => {
  it('are told of every type there is', () => {
    expect(Object.keys(EVENT_FACTS)).toEqual(EVENT_TYPES.map(({ type }) => type));
  });

  it('are those that count, the most important first', () => {
    const fill = recorded(7, 'OrderFilled', `order-${ORDER}`, FILL);
    expect(eventFacts(fill)).toBe(`buy 2 binance.BTCUSDT at 100.5, fee 0.201 USDT, taker, cross, order ${ORDER.slice(0, 8)}`);
    const bar = barOf({ open: '1', high: '4', low: '1', close: '3', volume: '9', complete: false });
    expect(eventFacts({ type: 'BarClosed', data: bar })).toBe(
      `binance.BTCUSDT ${bar.interval} close 3, open 1, high 4, low 1, volume 9, incomplete`,
    );
    const halt = {
      scope: { strategy: 'cross' },
      mode: 'reduce-only',
      cancelOpen: false,
      flatten: true,
      reason: 'drill',
    } as const;
    expect(eventFacts({ type: 'TradingHaltRequested', data: { ...halt, atLastPrice: true } })).toBe(
      'strategy cross reduce-only, flatten at the last price, reason drill',
    );
  });
});

describe('the line of an event', () => {
  const fill = recorded(7, 'OrderFilled', `order-${ORDER}`, FILL);

  it('has its place, its time, its type, the facts and the beginning of its id', () => {
    expect(eventLine(fill, 200)).toMatch(/^ {6}7 {2}20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d {2}OrderFilled {8}buy 2 .*, id [0-9a-f]{8}$/);
  });

  it('is no wider than the terminal, shows where it is cut, and keeps the beginning of its id', () => {
    expect(eventLine(fill, 80)).toHaveLength(80);
    expect(eventLine(fill, 80)).toMatch(/ {2}buy 2 binance\.BTC…, id [0-9a-f]{8}$/);
  });

  it.each(Array.from({ length: 40 }, (_, index) => 80 + index))('cuts no number at a width of %i', (width) => {
    const line = eventLine(fill, width);
    expect(line.length).toBeLessThanOrEqual(width);
    expect(line).toMatch(/, id [0-9a-f]{8}$/);
    const numbers = line.slice(49, -13).match(/(?<![\w-])[\d.]*\d(?![\w-])/g) ?? [];
    for (const number of numbers) expect(['2', '100.5', '0.201']).toContain(number);
  });
});
