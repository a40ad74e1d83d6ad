import { describe, expect, it } from 'vitest';
import type { EventData } from '../../src/domain/catalogue.ts';
import { strategies } from '../../src/projections/strategies.ts';
import { fold, noon, ORDER, REQUEST, recorded } from './recorded.ts';

const MARKET = { venue: 'binance', symbol: 'BTCUSDT' };
const STREAM = `order-${ORDER}`;

function signal(position: number, strategy: string, side: 'buy' | 'sell') {
  return recorded(position, 'SignalGenerated', `signals-${strategy}`, {
    ...{ strategy, ...MARKET, interval: '1m', side, barOpenTime: noon(-60), barCloseTime: noon(0), barSource: 'recording' },
    ...{ reason: { fastSum: '1' }, settingsHash: 'a'.repeat(64) },
  });
}

function terms(strategy: string) {
  const [side, type, timeInForce, kind] = ['buy', 'market', 'IOC', 'signal'] as const;
  const order = { orderId: ORDER, account: 'paper-1', strategy, ...MARKET, side, type, timeInForce };
  return { ...order, quantity: '1', price: null, reducing: false, origin: { kind, id: REQUEST } };
}

const approved = (position: number, strategy: string) =>
  recorded(position, 'OrderApproved', STREAM, {
    ...{
      ...terms(strategy),
      clientOrderId: 'tabc',
      atLastPrice: false,
      referencePrice: '1',
      bid: null,
      ask: null,
      equity: '1',
      position: '0',
    },
    ...{ limits: [], sendBy: noon(5) },
  });
const denied = (position: number, strategy: string) =>
  recorded(position, 'OrderDenied', STREAM, {
    ...terms(strategy),
    at: noon(position),
    reason: 'leverage',
    value: '2',
    bound: '1',
    limits: [],
  });

function filled(position: number, strategy: string, at: string) {
  const data: EventData['OrderFilled'] = {
    ...{ orderId: ORDER, account: 'paper-1', at, strategy, ...MARKET, side: 'buy', tradeId: `t${position}`, price: '1' },
    ...{ quantity: '1', cumulativeQuantity: '1', fee: '0', feeAsset: 'USDT', liquidity: 'taker' },
  };
  return recorded(position, 'OrderFilled', STREAM, data);
}

describe('strategies', () => {
  it('are what each of them said and ordered, in numbers and at last', () => {
    const documents = fold(strategies, [
      signal(1, 'cross', 'buy'),
      approved(2, 'cross'),
      filled(3, 'cross', noon(2)),
      signal(4, 'other', 'buy'),
      denied(5, 'other'),
      signal(6, 'cross', 'sell'),
      denied(7, 'cross'),
      recorded(8, 'OrderAccepted', STREAM, { orderId: ORDER, account: 'paper-1', at: noon(8), venueOrderId: 'v' }),
    ]);
    expect(documents.get('cross')).toMatchObject({
      ...{ name: 'cross', signals: 2, orders: 2, denied: 1, fills: 1, lastFill: noon(2), _position: '7' },
      ...{ lastSignal: { side: 'sell', barOpenTime: noon(-60), at: noon(6) }, lastOrder: { id: ORDER, at: noon(7) } },
    });
    expect(documents.get('other')).toMatchObject({ signals: 1, orders: 1, denied: 1, fills: 0, lastFill: null });
    expect(documents.size).toBe(2);
  });
});
