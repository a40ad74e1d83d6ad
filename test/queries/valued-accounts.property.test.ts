/**
 * Profit is realized plus unrealized less fees, of every position and every account: an independent ledger of the
 * trades, in integers of 10^-24, is compared with what the queries make of the read models.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equityText } from '../../src/domain/account/marks.ts';
import type { DeskState } from '../../src/domain/desk/desk-state.ts';
import { accountView } from '../../src/domain/desk/risk-view.ts';
import type { LimitCheck } from '../../src/domain/order/events.ts';
import { standingLimits } from '../../src/domain/risk/risk.ts';
import { action, newScene, OPENING, play, type Trade, times, units } from '../domain/desk/random-trading.ts';
import { all } from '../domain/given.ts';
import { valuedOf } from './valued-scene.ts';

interface Made {
  readonly paid: bigint;
  readonly held: bigint;
  readonly fees: bigint;
}

/** What some trades paid, held and cost, at these prices of the assets. */
function madeBy(trades: readonly Trade[], base: string, rates: Readonly<Record<string, bigint>>, isSpot: boolean): Made {
  let [paid, held, fees] = [0n, 0n, 0n];
  for (const { order, quantity, price, fee, feeAsset } of trades) {
    const signed = order.side === 'buy' ? units(quantity) : -units(quantity);
    paid += times(signed, units(price));
    held += signed;
    if (isSpot && feeAsset === base) held -= units(fee);
    else fees += times(units(fee), rates[feeAsset] ?? 0n);
  }
  return { paid, held, fees };
}

const ONE = 10n ** 24n;

describe.each(['spot', 'perpetual'] as const)('What is made of %s instruments', (kind) => {
  it('is realized plus unrealized less fees, per position and for the account, to the last digit', async () => {
    const run = fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 40 }), async (actions) => {
      const scene = newScene(kind);
      const trades = play(scene, actions);
      const { current, positions: rows } = await valuedOf(scene);
      if (current === null) throw new Error('the account was not opened');
      const close = (symbol: string) => units(all(scene.tape, 'BarClosed').findLast((bar) => bar.symbol === symbol)?.close ?? '');
      const rates: Record<string, bigint> = { USDT: ONE, BTC: close('BTCUSDT'), ETH: close('ETHUSDT') };

      let [profits, fees] = [0n, 0n];
      for (const row of rows) {
        const base = row.symbol.replace('USDT', '');
        const own = trades.filter(({ order }) => order.strategy === row.strategy && order.symbol === row.symbol);
        const made = madeBy(own, base, rates, kind === 'spot');
        expect(units(row.fees)).toBe(made.fees);
        expect(units(row.realizedProfit) + units(row.unrealizedProfit ?? '')).toBe(
          times(made.held, rates[base] ?? 0n) - made.paid,
        );
        expect(units(row.profit ?? '')).toBe(units(row.realizedProfit) + units(row.unrealizedProfit ?? '') - units(row.fees));
        profits += units(row.profit ?? '');
        fees += units(row.fees);
      }

      const { profit, realized, unrealized, fees: paid, revaluation } = current.pnl;
      expect(units(paid)).toBe(fees);
      expect(units(realized) + units(unrealized) - units(paid)).toBe(profits);
      // Opened when 1 BTC was 60,000; nothing prices BNB.
      const moved = times(units(OPENING.BTC), (rates.BTC ?? 0n) - 60_000n * ONE);
      expect(units(revaluation ?? '')).toBe(moved);
      expect(units(profit ?? '')).toBe(profits + moved);
      const opened = units(OPENING.USDT) + times(units(OPENING.BTC), 60_000n * ONE);
      expect(units(current.equity)).toBe(opened + units(profit ?? ''));

      // The desk itself stands so; a drawdown between two marks is known to it alone.
      const desk = scene.engine.snapshot().states.get('desk') as DeskState;
      const account = desk.accounts.get('paper-1');
      if (account === undefined) throw new Error('the desk has no account');
      const others = (limits: readonly LimitCheck[]) => limits.filter(({ limit }) => limit !== 'drawdown');
      expect(current.limits).toHaveLength(5);
      expect(others(current.limits)).toEqual(others(standingLimits(accountView(desk, account), account.limits)));
      expect(current.equity).toBe(equityText(account.equity));
    });
    await fc.assert(run, { numRuns: 60 });
  });
});
