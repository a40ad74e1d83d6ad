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

function balance(position: number, asset: string, now: string) {
  return recorded(position, 'BalanceChanged', STREAM, {
    account,
    asset,
    change: '1',
    balance: now,
    reason: 'trade',
    orderId: ORDER,
  });
}

function marked(position: number, worth: string) {
  return recorded(position, 'AccountMarked', STREAM, {
    account,
    currency: 'USDT',
    equity: worth,
    cash: '5',
    peak: '100100',
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
      equity: '100050',
      cash: '5',
      peak: '100100',
      dayStart: '100000',
      limits: [{ limit: 'drawdown', value: '0.001', bound: '0.2' }],
      markedAt: noon(5),
      updatedAt: noon(5),
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
    expect(documents.map(({ account: whose, time, equity: worth }) => [whose, time, worth])).toEqual([
      [account, noon(2), '100'],
      [account, noon(3), '101'],
    ]);
    expect(String(documents[0]?.sequence) < String(documents[1]?.sequence)).toBe(true);
  });
});
