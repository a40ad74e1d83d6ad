import { describe, expect, it } from 'vitest';
import { checkSettings } from '../../../src/domain/settings/check.ts';
import { settingsWarnings } from '../../../src/domain/settings/warnings.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { CANDLES, CROSS, PAPER } from '../given.ts';

const ETHUSDT = { ...BTCUSDT, symbol: 'ETHUSDT', base: 'ETH' };
const DAILY = { ...CANDLES, bars: '1d' };
const LIMITED = { ...PAPER, limits: { dailyLoss: '500' } };

function warnings(feeds: readonly object[], account: object, strategies: readonly object[] = [{ ...CROSS, interval: '1d' }]) {
  const checked = checkSettings({ generation: 1, instruments: [BTCUSDT, ETHUSDT], feeds, accounts: [account], strategies });
  if (!('settings' in checked)) throw new Error(checked.violations.join('\n'));
  return settingsWarnings(checked.settings);
}

describe('A limit of the daily loss', () => {
  it('never binds on bars of a day alone, which is said', () => {
    const [warning, ...more] = warnings([DAILY], LIMITED);
    expect(warning).toMatch(/^accounts\[0\]\.limits\.dailyLoss: can never bind: binance BTCUSDT has bars of a day alone/);
    expect(more).toEqual([]);
    expect(warnings([DAILY], LIMITED, [])).toEqual([warning]);
  });

  it('does not see what is lost where others have bars of a day alone', () => {
    const held = { ...LIMITED, balances: { USDT: '1', ETH: '1' } };
    const hourly = { ...CANDLES, bars: '1h', rollups: ['1d'] };
    const [warning] = warnings([hourly, { ...DAILY, symbol: 'ETHUSDT' }], held);
    expect(warning).toMatch(/dailyLoss: does not see what is lost in binance ETHUSDT, /);
  });

  it('is not warned of where it binds, or is not set', () => {
    expect(warnings([DAILY], PAPER)).toEqual([]);
    expect(warnings([{ ...CANDLES, bars: '12h', rollups: ['1d'] }], LIMITED)).toEqual([]);
    expect(warnings([{ ...DAILY, depth: { levels: 5, every: '1s' } }], LIMITED)).toEqual([]);
    // The account has nothing to do with that feed.
    expect(
      warnings(
        [
          { ...CANDLES, bars: '1h', rollups: ['1d'] },
          { ...DAILY, symbol: 'ETHUSDT' },
        ],
        LIMITED,
      ),
    ).toEqual([]);
  });
});
