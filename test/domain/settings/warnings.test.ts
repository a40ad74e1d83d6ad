import { describe, expect, it } from 'vitest';
import { checkSettings } from '../../../src/domain/settings/check.ts';
import type { Settings } from '../../../src/domain/settings/settings.ts';
import { settingsWarnings } from '../../../src/domain/settings/warnings.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { CANDLES, CROSS, PAPER } from '../given.ts';

const ETHUSDT = { ...BTCUSDT, symbol: 'ETHUSDT', base: 'ETH' };
const DAILY = { ...CANDLES, bars: '1d' };
const LIMITED = { ...PAPER, limits: { dailyLoss: '500' } };

function settingsOf(feeds: readonly object[], accounts: readonly object[], strategies: readonly object[]): Settings {
  const checked = checkSettings({ generation: 1, instruments: [BTCUSDT, ETHUSDT], feeds, accounts, strategies });
  if (!('settings' in checked)) throw new Error(checked.violations.join('\n'));
  return checked.settings;
}

function warnings(feeds: readonly object[], account: object, strategies: readonly object[] = [{ ...CROSS, interval: '1d' }]) {
  return settingsWarnings(settingsOf(feeds, [account], strategies));
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
    const [warning] = warnings([hourly, { ...DAILY, symbol: 'ETHUSDT' }], held, [{ ...CROSS, interval: '1h' }]);
    expect(warning).toMatch(/dailyLoss: does not see what is lost in binance ETHUSDT, /);
  });

  it('never holds up a strategy of a day, whatever bars its feed has', () => {
    const days = { ...CROSS, interval: '1d' };
    const hours = { ...CROSS, name: 'hourly', interval: '1h' };
    const others = { ...days, name: 'others', account: 'other' };
    const text = `accounts[0].limits.dailyLoss: never holds up cross: on bars of a day it orders at 00:00 UTC, when the day's loss begins anew; limit "drawdown"`;
    for (const feed of [
      { ...CANDLES, bars: '1h', rollups: ['1d'] },
      { ...DAILY, depth: { levels: 5, every: '1s' } },
    ]) {
      const strategies = 'rollups' in feed ? [days, hours] : [days];
      expect(warnings([feed], LIMITED, strategies)).toEqual([text]);
      expect(warnings([feed], PAPER, strategies)).toEqual([]);
    }
    const hourly = { ...CANDLES, bars: '1h', rollups: ['1d'] };
    expect(warnings([hourly], LIMITED, [hours])).toEqual([]);
    expect(settingsWarnings(settingsOf([hourly], [LIMITED, { ...PAPER, id: 'other' }], [hours, others]))).toEqual([]);
  });

  it('is not warned of where it binds, or is not set', () => {
    expect(warnings([DAILY], PAPER)).toEqual([]);
    expect(warnings([{ ...CANDLES, bars: '12h', rollups: ['1d'] }], LIMITED, [])).toEqual([]);
    expect(warnings([{ ...DAILY, depth: { levels: 5, every: '1s' } }], LIMITED, [])).toEqual([]);
    // The account has nothing to do with that feed.
    expect(
      warnings(
        [
          { ...CANDLES, bars: '1h', rollups: ['1d'] },
          { ...DAILY, symbol: 'ETHUSDT' },
        ],
        LIMITED,
        [{ ...CROSS, interval: '1h' }],
      ),
    ).toEqual([]);
  });
});
