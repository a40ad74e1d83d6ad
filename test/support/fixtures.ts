/** The instrument and the bar that the tests of all rooms are made of. */

import type { Bar } from '../../src/domain/market/events.ts';
import type { InstrumentSettings } from '../../src/domain/settings/settings.ts';

export const BTCUSDT: InstrumentSettings = {
  venue: 'binance',
  symbol: 'BTCUSDT',
  kind: 'spot',
  base: 'BTC',
  quote: 'USDT',
  contractSize: '1',
  priceScale: 2,
  quantityScale: 5,
  tickSize: '0.01',
  lotSize: '0.00001',
  minNotional: '5',
  calendar: '24/7',
};

/** Symbols such as venues use, and such as something on the way may take for what they are not. */
export const HARD_SYMBOLS: readonly string[] = [
  ...[
    '币安人生USDT',
    '币'.repeat(64),
    '🚀'.repeat(64),
    '/'.repeat(64),
    '%'.repeat(64),
    'BTC/USD',
    '100%USD',
    '%2e',
    'A.B-C',
    '...',
    '$X',
    '@107',
    '__proto__',
  ],
  'a?b#c&d=e+f;g',
];

/** A candle of one minute of BTCUSDT. Its open, high and low are its close unless they are given. */
export function barOf({ close = '100', ...of }: Partial<Bar>): Bar {
  return {
    venue: BTCUSDT.venue,
    symbol: BTCUSDT.symbol,
    interval: '1m',
    openTime: '2024-08-08T12:00:00.000Z',
    closeTime: '2024-08-08T12:01:00.000Z',
    open: close,
    high: close,
    low: close,
    close,
    volume: '1',
    quoteVolume: null,
    contracts: null,
    tradeCount: null,
    firstTradeId: null,
    lastTradeId: null,
    bid: null,
    ask: null,
    complete: true,
    source: 'recording',
    ...of,
  };
}
