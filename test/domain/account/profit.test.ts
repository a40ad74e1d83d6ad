import { describe, expect, it } from 'vitest';
import { newAccount } from '../../../src/domain/account/account.ts';
import { readInstrument } from '../../../src/domain/account/instrument.ts';
import { choosePrices } from '../../../src/domain/account/price-choice.ts';
import { accountProfit, type PaidPosition, positionProfit } from '../../../src/domain/account/profit.ts';
import { formatDecimal, parseDecimal } from '../../../src/domain/decimal.ts';
import { type MarketState, marketFrom } from '../../../src/domain/market/market-view.ts';
import { account } from '../../../src/domain/settings/settings.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { PAPER } from '../given.ts';

const D = parseDecimal;

function marketAt(close: string): MarketState {
  const none = { bid: null, ask: null, quoteMs: null, untrusted: null };
  return marketFrom({ ...none, close: D(close), closeMs: 1, timeMs: 1 });
}

const listed = [
  BTCUSDT,
  { ...BTCUSDT, symbol: 'ETHBTC', base: 'ETH', quote: 'BTC' },
  { ...BTCUSDT, symbol: 'BNBUSDT', base: 'BNB' },
  { ...BTCUSDT, venue: 'okx' },
  { ...BTCUSDT, symbol: 'ADAUSDT', base: 'ADA' },
].map(readInstrument);
const instruments = new Map(listed.map((instrument) => [instrument.key, instrument]));
const market = new Map([
  ['binance.BTCUSDT', marketAt('50000')],
  ['binance.ETHBTC', marketAt('0.05')],
  ['binance.BNBUSDT', marketAt('500')],
  ['okx.BTCUSDT', marketAt('50100')],
]);
const markets = { instruments, market, feeds: market };

/** Made in an account that counts in USDT. */
function madeBy(key: string, made: { quantity: string; cost: string; realized: string; fees: Record<string, string> }) {
  const instrument = instruments.get(key);
  if (instrument === undefined) throw new Error(`${key} is not listed`);
  const { quantity, cost, realized, fees } = made;
  const paid = new Map(Object.entries(fees).map(([asset, amount]) => [asset, D(amount)]));
  const { venue, symbol } = instrument;
  const amounts = { quantity: D(quantity), cost: D(cost), realized: D(realized) };
  const position: PaidPosition = { strategy: 's', venue, symbol, ...amounts, fees: paid };
  const holder = newAccount(account.parse(PAPER), undefined);
  holder.used.add('binance.BTCUSDT');
  choosePrices(markets, holder);
  const row = positionProfit(markets, holder, instrument, position);
  const sum = accountProfit(markets, holder, [[instrument, position]]);
  const text = (value: typeof row.price) => (value === null ? null : formatDecimal(value));
  return {
    row: [row.price, row.value, row.unrealized, row.fees].map(text),
    sum: [sum.realized, sum.unrealized, sum.fees].map(text),
  };
}

describe('What a position has made', () => {
  it('is in its quote asset, and in the account’s currency for the account', () => {
    const fees = { BTC: '0.001', USDT: '25', BNB: '0.1' };
    // 10 ETH at 0.05 BTC, with fees of 0.001 BTC, 25/50,000 BTC and 50/50,000 BTC.
    const { row, sum } = madeBy('binance.ETHBTC', { quantity: '10', cost: '0.4', realized: '0.1', fees });
    expect(row).toEqual(['0.05', '0.5', '0.1', '0.0025']);
    expect(sum).toEqual(['5000', '5000', '125']);
  });

  it('has a fee in the base asset in its cost, and one that nothing prices as nothing', () => {
    const fees = { BTC: '0.01', ADA: '7', USDT: '-2' };
    const { row, sum } = madeBy('binance.BTCUSDT', { quantity: '0.99', cost: '49000', realized: '0', fees });
    expect(row).toEqual(['50000', '49500', '500', '-2']);
    expect(sum).toEqual(['0', '500', '-2']);
  });

  it('is valued for the account as its equity is, whichever instrument it was traded by', () => {
    const { row, sum } = madeBy('okx.BTCUSDT', { quantity: '1', cost: '50000', realized: '0', fees: {} });
    expect(row).toEqual(['50100', '50100', '100', '0']);
    expect(sum).toEqual(['0', '0', '0']);
  });

  it('is not known where nothing prices what is held, and is where nothing is held', () => {
    const fees = { USDT: '1' };
    const held = madeBy('binance.ADAUSDT', { quantity: '5', cost: '4', realized: '3', fees });
    expect(held).toEqual({ row: [null, null, null, '1'], sum: ['3', '-4', '1'] });
    const flat = madeBy('binance.ADAUSDT', { quantity: '0', cost: '0', realized: '3', fees });
    expect(flat).toEqual({ row: [null, '0', '0', '1'], sum: ['3', '0', '1'] });
  });
});
