import { describe, expect, it } from 'vitest';
import {
  accountStream,
  barsStream,
  categoryOf,
  depthStream,
  ENGINE_STREAM,
  EVIDENCE_CATEGORIES,
  feedStream,
  orderStream,
  reportsStream,
  requestStream,
  rollupsStream,
  SETTINGS_STREAM,
  signalsStream,
} from '../../src/domain/streams.ts';

const TIME = '2024-08-08T23:54:15.208Z';
const ID = '6f2c1f3e-0b1d-5c7a-9a53-2f8f6f0f4c11';

describe('a stream', () => {
  it.each([
    ['bars of seconds, a day each', barsStream('binance', 'BTCUSDT', '1s', TIME), 'bars-binance.BTCUSDT.1s.2024-08-08'],
    ['bars under an hour, a day each', barsStream('binance', 'BTCUSDT', '30m', TIME), 'bars-binance.BTCUSDT.30m.2024-08-08'],
    ['bars of an hour, a year each', barsStream('binance', 'BTCUSDT', '1h', TIME), 'bars-binance.BTCUSDT.1h.2024'],
    ['longer bars', rollupsStream('coinbase', 'BTC-USD', '1d', TIME), 'rollups-coinbase.BTC-USD.1d.2024'],
    ['short rollups', rollupsStream('binance', 'BTCUSDT', '1m', TIME), 'rollups-binance.BTCUSDT.1m.2024-08-08'],
    ['depth', depthStream('binance', 'BTCUSDT', TIME), 'depth-binance.BTCUSDT.2024-08-08'],
    ['a feed', feedStream('binance', 'BTCUSDT'), 'feed-binance.BTCUSDT'],
    ['a request', requestStream(ID), `request-${ID}`],
    ['reports', reportsStream('paper-1'), 'reports-paper-1'],
    ['signals', signalsStream('golden-cross'), 'signals-golden-cross'],
    ['an order', orderStream(ID), `order-${ID}`],
    ['an account', accountStream('paper-1'), 'account-paper-1'],
    ['settings', SETTINGS_STREAM, 'settings-main'],
    ['the engine', ENGINE_STREAM, 'engine'],
  ])('of %s is %s', (_what, stream, name) => expect(stream).toBe(name));

  it('is of the category before its first dash', () => {
    expect(categoryOf('bars-coinbase.BTC-USD.4h.2024')).toBe('bars');
    expect(categoryOf('engine')).toBe('engine');
    expect(categoryOf('account-paper-1')).toBe('account');
  });

  it('of evidence is told apart from one of decisions', () => {
    const evidence = new Set<string>(EVIDENCE_CATEGORIES);
    expect(['bars', 'depth', 'feed', 'request', 'settings', 'reports'].every((category) => evidence.has(category))).toBe(true);
    expect(['rollups', 'signals', 'order', 'account', 'engine'].some((category) => evidence.has(category))).toBe(false);
  });
});
