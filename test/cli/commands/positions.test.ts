import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { positionLines } from '../../../src/cli/commands/positions.ts';
import { COLOURED, PLAIN } from '../../../src/cli/terminal/palette.ts';
import { add, compare, multiply, parseDecimal, subtract, ZERO } from '../../../src/domain/decimal.ts';
import { givenTape, linesOf } from '../given-tape.ts';

const tape = givenTape();

describe('tapedeck positions', () => {
  it('values what is held at the last price', async () => {
    const [held, ...more] = linesOf(await tape.run(['positions']));
    expect(more).toEqual([]);
    const changes = linesOf(await tape.run(['events', '--type', 'PositionChanged', '--limit', '1000']));
    const last = changes.filter(({ data }) => data.strategy === 'quick-cross').at(-1).data;
    const [bar] = linesOf(
      await tape.run(['events', '--category', 'bars', '--type', 'BarClosed', '--order', 'desc', '--limit', '1000']),
    )
      .map(({ data }) => data)
      .filter(({ symbol }) => symbol === 'BTCUSDT');
    const { account, strategy, quantity, cost, averageEntryPrice, realizedProfit } = last;
    expect(held).toMatchObject({ account, strategy, quantity, cost, averageEntryPrice, realizedProfit });
    // The recording is over, so no quote counts any more.
    expect(held.price).toBe(bar.close);
    const value = multiply(parseDecimal(quantity), parseDecimal(bar.close));
    expect(compare(parseDecimal(held.value), value)).toBe(0);
    expect(compare(parseDecimal(held.unrealizedProfit), subtract(value, parseDecimal(cost)))).toBe(0);
    const fees = linesOf(await tape.run(['events', '--type', 'OrderFilled', '--limit', '1000']))
      .filter(({ data }) => data.strategy === 'quick-cross')
      .reduce((sum, { data }) => add(sum, parseDecimal(data.fee)), ZERO);
    expect(compare(parseDecimal(held.fees), fees)).toBe(0);
    const made = add(parseDecimal(held.realizedProfit), parseDecimal(held.unrealizedProfit));
    expect(compare(parseDecimal(held.profit), subtract(made, fees))).toBe(0);
  });

  it('lists those too that were closed, when asked, and only those of an account or strategy', async () => {
    const all = linesOf(await tape.run(['positions', '--flat']));
    expect(all.map(({ strategy }) => strategy)).toEqual(['quick-cross', 'golden-cross']);
    expect(linesOf(await tape.run(['positions', '--flat', '--strategy', 'quick-cross']))).toEqual(all.slice(0, 1));
    expect(linesOf(await tape.run(['positions', '--account', 'paper-coinbase']))).toEqual([]);
  });

  it('says the same where the read models know nothing yet', async () => {
    const folder = tape.copy();
    for (const end of ['', '-wal', '-shm']) rmSync(join(folder, `read-models.sqlite${end}`), { force: true });
    expect(linesOf(await tape.run(['positions'], folder))).toEqual(linesOf(await tape.run(['positions'])));
    expect(linesOf(await tape.run(['orders'], folder))).toEqual(linesOf(await tape.run(['orders'])));
  });

  it('is a table for people, with losses in red', async () => {
    const [held] = linesOf(await tape.run(['positions']));
    const figures = { unrealizedProfit: '-31', realizedProfit: '12.345', fees: '0.5', profit: '-19.155' };
    const losing = { ...held, quantity: '2', price: '1234.5', ...figures };
    const [head, row, between, profitHead, profitRow] = positionLines([losing], PLAIN);
    expect(head).toMatch(/^position +account +strategy +entry +price$/);
    expect(row).toMatch(/^2 BTCUSDT +paper-binance +quick-cross +[\d,.]+ +1,234\.50$/);
    expect(between).toBe('');
    expect(profitHead).toMatch(/^profit of +account +realized +unrealized +fees +profit$/);
    expect(profitRow).toMatch(/^quick-cross BTCUSDT +paper-binance +12\.34 +-31\.00 +0\.50 +-19\.16$/);
    const coloured = positionLines([losing], COLOURED)[4];
    expect(coloured?.split('\x1b[31m')[1]?.split('\x1b[39m')[0]?.trim()).toBe('-31.00');
    expect(stripVTControlCharacters(coloured ?? '')).toBe(profitRow);
    const flat = { ...losing, quantity: '0', unrealizedProfit: '0' };
    expect(positionLines([flat], PLAIN)[0]).toBe('no positions');
    expect(positionLines([], PLAIN)).toEqual(['no positions']);
  });
});
