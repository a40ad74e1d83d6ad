import { describe, expect, it } from 'vitest';
import type { HaltScope } from '../../src/domain/order/events.ts';
import { accounts } from '../../src/projections/accounts.ts';
import { equity } from '../../src/projections/equity.ts';
import { positions } from '../../src/projections/positions.ts';
import { fold, foldOne, noon, ORDER, REQUEST, recorded } from './recorded.ts';

const STREAM = 'account-paper-1';
const account = 'paper-1';

const opened = recorded(1, 'AccountOpened', 'settings-main', {
  id: account,
  venue: 'paper',
  currency: 'USDT',
  balances: { USDT: '100000' },
  fees: { maker: '0.001', taker: '0.001', paidIn: 'quote' },
  slippage: '0.0005',
  latency: '100ms',
});

function balance(
  position: number,
  asset: string,
  now: string,
  { change = '1', reason = 'trade' as 'trade' | 'fee' | 'opening' } = {},
) {
  return recorded(position, 'BalanceChanged', STREAM, { account, asset, change, balance: now, reason, orderId: ORDER });
}

function marked(position: number, worth: string, at: string | null = null) {
  return recorded(position, 'AccountMarked', STREAM, {
    account,
    currency: 'USDT',
    equity: worth,
    openingEquity: '100000',
    cash: '5',
    peak: '100100',
    at,
    dayStart: '100000',
    limits: [{ limit: 'drawdown', value: '0.001', bound: '0.2' }],
  });
}

function halted(position: number, scope: HaltScope, reason = 'why') {
  return recorded(position, 'TradingHalted', STREAM, { account, scope, mode: 'stop', reason, requestId: REQUEST });
}

function resumed(position: number, scope: HaltScope) {
  return recorded(position, 'TradingResumed', STREAM, { account, scope, reason: 'fine again', requestId: REQUEST });
}

describe('an account', () => {
  it('has its terms, bounds, balances and last mark', () => {
    const bounds = recorded(2, 'RiskLimitsSet', 'settings-main', { account, limits: { drawdown: '0.2', marketHours: true } });
    expect(
      foldOne(accounts, [opened, bounds, balance(3, 'USDT', '100000'), balance(4, 'BTC', '0.5'), marked(5, '100050')]),
    ).toMatchObject({
      id: account,
      venue: 'paper',
      currency: 'USDT',
      bounds: { drawdown: '0.2', marketHours: true },
      balances: { USDT: '100000', BTC: '0.5' },
      marked: {
        equity: '100050',
        openingEquity: '100000',
        cash: '5',
        peak: '100100',
        dayStart: '100000',
        limits: [{ limit: 'drawdown', value: '0.001', bound: '0.2' }],
        at: noon(5),
      },
      updatedAt: noon(5),
    });
    // On a request of an hour later it has the time of the market.
    const late = foldOne(accounts, [opened, marked(3_600, '100050', noon(6))]);
    expect(late).toMatchObject({ marked: { at: noon(6) }, updatedAt: noon(3_600) });
  });

  it('has what it was opened with, and what fees have taken from it, rebates given back', () => {
    const [opening, fee] = ['opening', 'fee'] as const;
    const events = [
      balance(2, 'USDT', '100', { change: '100', reason: opening }),
      balance(3, 'BTC', '2', { change: '2', reason: opening }),
      balance(4, 'USDT', '98.5', { change: '-1.5', reason: fee }),
      balance(5, 'BTC', '1.9', { change: '-0.1', reason: fee }),
      balance(6, 'USDT', '98.75', { change: '0.25', reason: fee }),
    ];
    expect(foldOne(accounts, [opened, ...events])).toMatchObject({
      openings: { USDT: '100', BTC: '2' },
      feesByAsset: { USDT: '1.25', BTC: '0.1' },
      marked: null,
    });
  });

  it('shows the halts in force, of each scope the latest, until that scope is resumed', () => {
    const all = [
      opened,
      halted(2, { account }),
      halted(3, { strategy: 'cross' }),
      halted(4, { all: true }),
      halted(5, { account }, 'again'),
    ];
    const reasons = (events: typeof all) => foldOne(accounts, events).halts as { scope: HaltScope; reason: string }[];
    expect(reasons(all).map(({ scope, reason }) => [scope, reason])).toEqual([
      [{ strategy: 'cross' }, 'why'],
      [{ all: true }, 'why'],
      [{ account }, 'again'],
    ]);
    expect(reasons([...all, resumed(6, { account }), resumed(7, { strategy: 'other' })]).map(({ scope }) => scope)).toEqual([
      { strategy: 'cross' },
      { all: true },
    ]);
    expect(reasons([...all, resumed(6, { account }), resumed(7, { strategy: 'cross' }), resumed(8, { all: true })])).toEqual([]);
  });
});

describe('positions', () => {
  it('are kept by account, strategy and instrument', () => {
    const changed = (position: number, strategy: string, quantity: string) =>
      recorded(position, 'PositionChanged', STREAM, {
        account,
        strategy,
        venue: 'binance',
        symbol: 'BTCUSDT',
        orderId: ORDER,
        tradeId: `t${position}`,
        quantity,
        cost: '100',
        averageEntryPrice: null,
        realizedProfit: '7',
      });
    const filled = (position: number, fee: string, feeAsset: string) =>
      recorded(position, 'OrderFilled', `order-${ORDER}`, {
        orderId: ORDER,
        account,
        at: noon(position),
        strategy: 'cross',
        venue: 'binance',
        symbol: 'BTCUSDT',
        side: 'buy',
        tradeId: `t${position}`,
        price: '1',
        quantity: '1',
        cumulativeQuantity: '1',
        fee,
        feeAsset,
        liquidity: 'taker',
      });
    const first = fold(positions, [filled(1, '0.5', 'USDT')]);
    expect([...first.values()]).toMatchObject([{ quantity: '0', realizedProfit: '0', feesByAsset: { USDT: '0.5' } }]);
    const fees = [filled(1, '0.5', 'USDT'), changed(2, 'cross', '1'), filled(3, '0.25', 'USDT'), filled(4, '0.001', 'BTC')];
    expect([...fold(positions, fees).values()]).toMatchObject([
      { quantity: '1', cost: '100', feesByAsset: { USDT: '0.75', BTC: '0.001' }, updatedAt: noon(4) },
    ]);
    const documents = fold(positions, [changed(1, 'cross', '1'), changed(2, 'manual', '2'), changed(3, 'cross', '0')]);
    expect([...documents].map(([key, { quantity, updatedAt }]) => [key, quantity, updatedAt])).toEqual([
      ['paper-1/cross/binance.BTCUSDT', '0', noon(3)],
      ['paper-1/manual/binance.BTCUSDT', '2', noon(2)],
    ]);
  });
});

describe('equity', () => {
  it('is one document a mark, in the order of time', () => {
    const documents = [...fold(equity, [marked(2, '100'), marked(3, '101')]).values()];
    expect(documents.map(({ account: whose, at, equity: worth }) => [whose, at, worth])).toEqual([
      [account, noon(2), '100'],
      [account, noon(3), '101'],
    ]);
    expect(String(documents[0]?.sequence) < String(documents[1]?.sequence)).toBe(true);
  });
});
