import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { durationText } from '../../../src/domain/event.ts';
import { checkSettings } from '../../../src/domain/settings/check.ts';
import { paceSpeed, paceText } from '../../../src/domain/settings/settings.ts';
import { durationMs } from '../../../src/domain/time.ts';

// biome-ignore lint/suspicious/noExplicitAny: a settings file that is made wrong on purpose has no type
type Wrong = any;

const shipped = readFileSync(join(import.meta.dirname, '../../../settings/default.json'), 'utf8');

/** The lines for the shipped settings after something was done to them, in alphabetical order. */
function violationsAfter(spoil: (file: Wrong) => void): readonly string[] {
  const file: Wrong = JSON.parse(shipped);
  spoil(file);
  const checked = checkSettings(file);
  return 'violations' in checked ? [...checked.violations].sort() : [];
}

const manyAssets = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [index === 0 ? 'USD' : `ASSET${index}`, '1']));

const pathsOf = (lines: readonly string[]) => lines.map((line) => line.slice(0, line.indexOf(': ')));

describe('the shipped settings', () => {
  it('are right, and have the defaults that the file leaves out', () => {
    const checked = checkSettings(JSON.parse(shipped));
    if (!('settings' in checked)) return expect.fail(checked.violations.join('\n'));
    expect(checked.settings.instruments.map(({ contractSize }) => contractSize)).toEqual(['1', '1']);
    expect(checked.settings.feeds[0]).toMatchObject({ staleAfter: '500ms', rollups: ['1d'] });
    expect(checked.settings.accounts[0]?.fees.paidIn).toBe('quote');
  });
});

describe('a settings file with ten mistakes', () => {
  it('is refused with all ten, each with its path', () => {
    const lines = violationsAfter((file) => {
      file.generation = 0;
      file.instruments[0].tickSize = '-0.01';
      file.instruments[1].priceScale = 2.5;
      file.feeds[0].bars = '7h';
      file.feeds[1].staleAfter = 'soon';
      file.accounts[0].balances.USD = '1e5';
      file.accounts[0].limits.drawdown = 0.5;
      file.accounts[1].venue = 'moon';
      file.strategies[0].mode = 'sideways';
      file.strategies[1].surprise = true;
    });
    expect(pathsOf(lines)).toEqual([
      'accounts[0].balances.USD',
      'accounts[0].limits.drawdown',
      'accounts[1].venue',
      'feeds[0].bars',
      'feeds[1].staleAfter',
      'generation',
      'instruments[0].tickSize',
      'instruments[1].priceScale',
      'strategies[0].mode',
      'strategies[1].surprise',
    ]);
  });
});

describe('settings are refused for', () => {
  it.each<[string, (file: Wrong) => void, string]>([
    ['a name that stands twice', (file) => file.strategies.push(file.strategies[0]), 'strategies[2].name'],
    ['an account that stands twice', (file) => file.accounts.push(file.accounts[1]), 'accounts[2].id'],
    ['an instrument that stands twice', (file) => file.instruments.push(file.instruments[0]), 'instruments[2].symbol'],
    ['a feed that stands twice', (file) => file.feeds.push(file.feeds[0]), 'feeds[2].symbol'],
    ['a tick finer than the price scale', (file) => (file.instruments[0].tickSize = '0.001'), 'instruments[0].tickSize'],
    ['a lot finer than the quantity scale', (file) => (file.instruments[1].lotSize = '0.000001'), 'instruments[1].lotSize'],
    ['a spot contract of another size', (file) => (file.instruments[0].contractSize = '10'), 'instruments[0].contractSize'],
    ['a spot instrument that is settled in its base', (file) => (file.instruments[0].settle = 'BTC'), 'instruments[0].settle'],
    ['a whole last candle where there is a book', (file) => (file.feeds[1].lastIsWhole = true), 'feeds[1].lastIsWhole'],
    [
      'a feed of an instrument that is not listed',
      (file) => file.feeds.push({ ...file.feeds[1], symbol: 'ETHUSDT' }),
      'feeds[2].symbol',
    ],
    ['a rollup that its bars do not make', (file) => (file.feeds[1].rollups = ['1s']), 'feeds[1].rollups[0]'],
    ['a strategy that is named like people', (file) => (file.strategies[0].name = 'manual'), 'strategies[0].name'],
    ['a strategy on an account that is not there', (file) => (file.strategies[0].account = 'nobody'), 'strategies[0].account'],
    [
      'a strategy on an account in another currency',
      (file) => (file.strategies[0].account = 'paper-binance'),
      'strategies[0].account',
    ],
    ['a short strategy on a spot instrument', (file) => (file.strategies[0].mode = 'long-short'), 'strategies[0].mode'],
    ['an interval that nobody makes', (file) => (file.strategies[0].interval = '5m'), 'strategies[0].interval'],
    ['a kind of strategy that is not there', (file) => (file.strategies[0].kind = 'astrology'), 'strategies[0].kind'],
    [
      'parameters that contradict each other',
      (file) => (file.strategies[0].params = { fast: 9, slow: 3 }),
      'strategies[0].params.fast',
    ],
    [
      'more strategies on one instrument than a cascade can hold',
      (file) => {
        const [strategy] = file.strategies;
        for (let count = 0; count < 20; count++) file.strategies.push({ ...strategy, name: `more-${count}` });
      },
      'strategies[21].symbol',
    ],
    ['an account with a purse of everything', (file) => (file.accounts[0].balances = manyAssets(11)), 'accounts[0].balances'],
    ['riches beyond all bounds', (file) => (file.accounts[0].balances.USD = '9'.repeat(19)), 'accounts[0].balances.USD'],
    ['orders that expire on their way', (file) => (file.accounts[1].latency = '5s'), 'accounts[1].latency'],
    ['a paper account that is to trade futures', (file) => (file.instruments[0].kind = 'future'), 'strategies[0].symbol'],
    [
      'a quantity finer than the lot',
      (file) => (file.strategies[1].size = { quantity: '0.000015' }),
      'strategies[1].size.quantity',
    ],
    [
      'recordings whose paths do not fit into an event',
      (file) => (file.feeds[0].recordings = Array.from({ length: 200 }, () => 'x'.repeat(400))),
      'feeds[0].recordings',
    ],
    ['a parameter that is not there', (file) => (file.strategies[0].params.extra = 1), 'strategies[0].params.extra'],
  ])('%s', (_what, spoil, path) => {
    expect(pathsOf(violationsAfter(spoil))).toEqual([path]);
  });

  it.each([[null], [[]], ['text'], [7]])('being %j', (json) => {
    expect('violations' in checkSettings(json)).toBe(true);
  });
});

describe('contracts', () => {
  /** The third instrument, a perpetual, is spoilt. */
  function violationsOf(spoil: (perpetual: Wrong, file: Wrong) => void): readonly string[] {
    return violationsAfter((file) => {
      file.instruments.push({ ...file.instruments[1], symbol: 'ETHUSDT', base: 'ETH', kind: 'perpetual' });
      spoil(file.instruments[2], file);
    });
  }

  it.each<[string, (perpetual: Wrong) => void]>([
    ['linear', () => {}],
    ['linear, and say so', (perpetual) => (perpetual.settle = 'USDT')],
    ['inverse', (perpetual) => Object.assign(perpetual, { settle: 'ETH', contractSize: '100' })],
    ['of a small size', (perpetual) => (perpetual.contractSize = '0.00000000000001')],
  ])('can be %s', (_what, describe) => expect(violationsOf(describe)).toEqual([]));

  it.each<[string, (perpetual: Wrong, file: Wrong) => void, RegExp]>([
    ['priced in themselves', (perpetual) => (perpetual.quote = 'ETH'), /^instruments\[2\].quote: must be another asset than/],
    [
      'settled in a third asset',
      (perpetual) => (perpetual.settle = 'BTC'),
      /^instruments\[2\].settle: must be the quote asset "USDT" \(a linear contract\) or the base asset "ETH" \(an inverse one\)/,
    ],
    [
      'too fine',
      (perpetual) => (perpetual.contractSize = `0.${'0'.repeat(14)}1`),
      /^instruments\[2\].contractSize: has 15 decimal/,
    ],
    [
      'too large',
      (perpetual) => (perpetual.contractSize = '1000000000'),
      /^instruments\[2\].contractSize: must be below 1000000000/,
    ],
    [
      'traded where they are inverse',
      (perpetual, file) => {
        perpetual.settle = 'ETH';
        file.feeds.push({ ...file.feeds[1], symbol: 'ETHUSDT' });
        file.strategies[1].symbol = 'ETHUSDT';
      },
      /^strategies\[1\].symbol: ETHUSDT is an inverse contract: its market data are recorded, but it is not traded/,
    ],
  ])('cannot be %s', (_what, spoil, line) => {
    const lines = violationsOf(spoil);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(line);
  });
});

describe('a duration', () => {
  it.each([
    ['0ms', 0],
    ['500ms', 500],
    ['1s', 1000],
    ['5m', 300_000],
    ['2h', 7_200_000],
  ])('of %s is %d ms', (text, ms) => {
    expect(durationText.safeParse(text).success).toBe(true);
    expect(durationMs(text)).toBe(ms);
  });

  it.each(['', '5', 's', '-1s', '1.5s', '01s', '1d', '1 s', '1S', '9999999999s'])('is not %j', (text) => {
    expect(durationText.safeParse(text).success).toBe(false);
  });
});

describe('a pace', () => {
  it.each([
    ['max', null],
    ['1', 1],
    ['0.02', 0.02],
    ['999999.999', 999_999.999],
  ])('of %s is a speed of %d', (text, speed) => {
    expect(paceText.safeParse(text).success).toBe(true);
    expect(paceSpeed(text)).toBe(speed);
  });

  it.each(['', '0', '0.000', '-1', '1e3', 'fast', '1.', '1000000', '1x'])('is not %j', (text) => {
    expect(paceText.safeParse(text).success).toBe(false);
  });

  it('is one for all feeds that name one, for their recordings are one run', () => {
    const withPaces = (...paces: readonly (string | undefined)[]) =>
      violationsAfter((file) => {
        for (const [index, pace] of paces.entries()) file.feeds[index].pace = pace;
      });
    expect(withPaces('10', '10')).toEqual([]);
    expect(withPaces(undefined, '10')).toEqual([]);
    expect(withPaces('10.0', '10')).toEqual([]);
    expect(withPaces('10', 'max')).toEqual([
      'feeds[1].pace: "max" is another pace than "10" of a feed before it, but all recordings are one run: give them one',
    ]);
  });
});
