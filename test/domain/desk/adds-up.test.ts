/**
 * What was bought, sold, paid and held always adds up, to the last digit: an independent ledger in integers of 10^-24
 * is kept from the reports alone, and compared with what the desk recorded.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterFill, flatPosition } from '../../../src/domain/account/position.ts';
import type { EventData } from '../../../src/domain/catalogue.ts';
import { parseDecimal } from '../../../src/domain/decimal.ts';
import { desk } from '../../../src/domain/desk/desk.ts';
import { paperVenue } from '../../../src/domain/venue/paper/paper-venue.ts';
import { all, type Scene } from '../given.ts';
import { action, formatUnits, newScene, OPENING, play, type Trade, times, units } from './random-trading.ts';

/** The last balance of each asset on the tape. */
function recordedBalances(scene: Scene): Record<string, bigint> {
  return Object.fromEntries(all(scene.tape, 'BalanceChanged').map(({ asset, balance }) => [asset, units(balance)]));
}

/** The last state of each position on the tape. */
function recordedPositions(scene: Scene): EventData['PositionChanged'][] {
  return [
    ...new Map(all(scene.tape, 'PositionChanged').map((changed) => [`${changed.strategy} ${changed.symbol}`, changed])).values(),
  ];
}

function lastClose(scene: Scene, symbol: string): bigint {
  return units(all(scene.tape, 'BarClosed').findLast((bar) => bar.symbol === symbol)?.close ?? '');
}

function baseOf(trade: Trade): string {
  return trade.order.symbol === 'BTCUSDT' ? 'BTC' : 'ETH';
}

function signed(trade: Trade): bigint {
  return trade.order.side === 'buy' ? units(trade.quantity) : -units(trade.quantity);
}

describe('What is bought, sold, paid and held adds up to the last digit', () => {
  it('in balances, positions, profit and equity where assets are held', () => {
    fc.assert(
      fc.property(fc.array(action, { minLength: 5, maxLength: 40 }), (actions) => {
        const scene = newScene('spot');
        const trades = play(scene, actions);

        const balances: Record<string, bigint> = {};
        const move = (asset: string, change: bigint) => {
          balances[asset] = (balances[asset] ?? 0n) + change;
        };
        for (const [asset, amount] of Object.entries(OPENING)) move(asset, units(amount));
        for (const trade of trades) {
          move(baseOf(trade), signed(trade));
          move('USDT', -times(signed(trade), units(trade.price)));
          move(trade.feeAsset, -units(trade.fee));
        }
        const recorded = recordedBalances(scene);
        for (const asset of ['USDT', 'BTC', 'ETH', 'BNB']) expect(recorded[asset] ?? 0n).toBe(balances[asset] ?? 0n);

        for (const position of recordedPositions(scene)) {
          const own = trades.filter(({ order }) => order.strategy === position.strategy && order.symbol === position.symbol);
          const held = own.map((trade) => signed(trade) - (trade.feeAsset === baseOf(trade) ? units(trade.fee) : 0n));
          expect(units(position.quantity)).toBe(held.reduce((a, b) => a + b, 0n));
          const paid = own.map((trade) => times(signed(trade), units(trade.price))).reduce((a, b) => a + b, 0n);
          expect(units(position.cost) - units(position.realizedProfit)).toBe(paid);
          if (units(position.quantity) === 0n) expect(position.cost).toBe('0');
        }

        const marks = { BTC: lastClose(scene, 'BTCUSDT'), ETH: lastClose(scene, 'ETHUSDT') };
        scene.resume({ account: 'paper-1' });
        const worth = (balances.USDT ?? 0n) + times(balances.BTC ?? 0n, marks.BTC) + times(balances.ETH ?? 0n, marks.ETH);
        expect(units(scene.last('AccountMarked').equity)).toBe(worth);
        expect(units(scene.last('AccountMarked').cash)).toBe(balances.USDT);
      }),
      { numRuns: 250 },
    );
  });

  it('in cash, positions, profit and equity where positions are settled', () => {
    fc.assert(
      fc.property(fc.array(action, { minLength: 5, maxLength: 40 }), (actions) => {
        const scene = newScene('perpetual');
        const trades = play(scene, actions);
        const positions = recordedPositions(scene);
        const realized = positions.map(({ realizedProfit }) => units(realizedProfit)).reduce((a, b) => a + b, 0n);
        const fees = (asset: string) => trades.filter((t) => t.feeAsset === asset).reduce((sum, t) => sum + units(t.fee), 0n);
        const recorded = recordedBalances(scene);
        expect(recorded.USDT).toBe(units(OPENING.USDT) + realized - fees('USDT'));
        expect(recorded.BNB).toBe(units(OPENING.BNB) - fees('BNB'));
        let flows = 0n;
        for (const trade of trades) flows += times(signed(trade), units(trade.price));
        const cost = positions.map((position) => units(position.cost)).reduce((a, b) => a + b, 0n);
        expect(cost - realized).toBe(flows);
      }),
      { numRuns: 120 },
    );
  });
});

describe('What the paper venue fills', () => {
  const paidIn = fc.constantFrom('quote', 'base', { asset: 'ETH', price: '3000' }, { asset: 'BNB', price: '300' });
  const moves = fc.array(
    action.filter(({ kind }) => kind !== 'fill' && kind !== 'end'),
    { minLength: 10, maxLength: 60 },
  );

  it('never takes a fee from what a strategy holds, whatever fees are paid in', () => {
    fc.assert(
      fc.property(paidIn, moves, (fees, actions) => {
        const opening = { USDT: '1000000', BTC: '0.5', ETH: '0.001', BNB: '0.01' };
        const scene = newScene('spot', [paperVenue, desk], {
          balances: opening,
          fees: { maker: '0.001', taker: '0.002', paidIn: fees },
        });
        // What waits for a bar has one between any two moves.
        for (const next of actions) {
          play(scene, [next]);
          scene.now += 60_000;
          for (const symbol of ['BTCUSDT', 'ETHUSDT']) scene.bar(formatUnits(lastClose(scene, symbol)), { symbol });
        }
        const balances = recordedBalances(scene);
        const held: Record<string, bigint> = {};
        for (const { strategy, symbol, quantity } of recordedPositions(scene)) {
          const amount = units(quantity);
          if (strategy !== 'manual') expect(amount).toBeGreaterThanOrEqual(0n);
          const base = symbol.replace('USDT', '');
          if (amount > 0n) held[base] = (held[base] ?? 0n) + amount;
        }
        for (const [asset, amount] of Object.entries(held)) expect(balances[asset] ?? 0n).toBeGreaterThanOrEqual(amount);
        expect(all(scene.tape, 'OrderAnomalyDetected')).toEqual([]);
        for (const [asset, amount] of Object.entries(opening)) {
          const changes = all(scene.tape, 'BalanceChanged').filter((changed) => changed.asset === asset);
          expect(changes.reduce((sum, { change }) => sum + units(change), 0n)).toBe(balances[asset] ?? units(amount));
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('A position', () => {
  const D = parseDecimal;

  it('takes its cost out in proportion when it is reduced, rounded at 12 places', () => {
    const bought = afterFill(flatPosition('s', 'v', 'X'), 'buy', D('3'), D('100'), D('0'));
    const reduced = afterFill(bought, 'sell', D('1'), D('40'), D('0'));
    expect(reduced.cost).toEqual(D('66.666666666667'));
    expect(reduced.realized).toEqual(D('6.666666666667'));
    const closed = afterFill(reduced, 'sell', D('2'), D('60'), D('0'));
    expect([closed.quantity.units, closed.cost.units, closed.realized]).toEqual([0n, 0n, D('0.000000000000')]);
  });

  it('is closed and opened on the other side by what crosses zero', () => {
    const short = afterFill(flatPosition('s', 'v', 'X'), 'sell', D('2'), D('200'), D('0'));
    expect(short).toMatchObject({ quantity: D('-2'), cost: D('-200') });
    const long = afterFill(short, 'buy', D('3'), D('270'), D('0'));
    expect(long.quantity).toEqual(D('1'));
    expect(Number(long.cost.units) / 10 ** long.cost.scale).toBe(90);
    expect(Number(long.realized.units) / 10 ** long.realized.scale).toBe(20);
  });
});
