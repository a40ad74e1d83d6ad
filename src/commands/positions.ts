/** `tapedeck positions`: what is held, what it is worth and what it made, read from the stores and so without HTTP. */

import { Command } from 'commander';
import { formatDecimal, multiply, parseDecimal, subtract } from '../domain/decimal.ts';
import { instrumentKey } from '../domain/settings/in-force.ts';
import { type PositionDocument, positions } from '../projections/positions.ts';
import { currentDocuments } from '../runtime/current-documents.ts';
import { type LastPrice, lastPrices } from '../runtime/last-prices.ts';
import { given } from './arguments.ts';
import { withExamples } from './examples.ts';
import { withTape } from './opening.ts';
import { answerAll, type OutputOptions } from './output.ts';
import type { Palette } from './palette.ts';
import { money, tableOr } from './table.ts';

interface Options extends OutputOptions {
  readonly account?: string;
  readonly strategy?: string;
  readonly flat?: true;
}

/** A position with what the instrument's last price makes of it, in its quote asset; null where it has none. */
export interface ValuedPosition
  extends Pick<
    PositionDocument,
    'account' | 'strategy' | 'venue' | 'symbol' | 'quantity' | 'cost' | 'averageEntryPrice' | 'realizedProfit' | 'updatedAt'
  > {
  readonly price: string | null;
  readonly priceTime: string | null;
  readonly value: string | null;
  /** What closing it at that price would add to the realized profit, fees not included. */
  readonly openProfit: string | null;
}

export function positionsCommand(): Command {
  const command = new Command('positions')
    .description('what is held, by account, strategy and instrument')
    .option('--account <id>', 'only those of this account')
    .option('--strategy <name>', 'only those of this strategy; "manual" for what people hold')
    .option('--flat', 'those too that were closed')
    .option('--json', 'a position a line')
    .action((options: Options) =>
      withTape(async ({ events, reads }) => {
        const { account, strategy, flat } = options;
        const equal = given({ account, strategy });
        const found = (await currentDocuments(events, reads, positions, { equal, sort: 'name' }))
          .filter(({ quantity }) => flat === true || quantity !== '0')
          .sort((a, b) => compareTexts(a.account, b.account) || compareTexts(a.name, b.name));
        const prices = await lastPrices(events, new Set(found.map(({ venue, symbol }) => instrumentKey(venue, symbol))));
        const valued = found.map((position) => valuedAt(position, prices.get(instrumentKey(position.venue, position.symbol))));
        answerAll(options, valued, (palette) => positionLines(valued, palette));
      }),
    );
  return withExamples(command, [
    'tapedeck positions',
    'tapedeck positions --account paper-coinbase --flat',
    'tapedeck positions --json | jq -r "[.symbol, .quantity] | @tsv"',
  ]);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function valuedAt(position: PositionDocument, last: LastPrice | undefined): ValuedPosition {
  const { account, strategy, venue, symbol, quantity, cost, averageEntryPrice, realizedProfit, updatedAt } = position;
  const value = last === undefined ? null : multiply(parseDecimal(quantity), parseDecimal(last.price));
  return {
    account,
    strategy,
    venue,
    symbol,
    quantity,
    cost,
    averageEntryPrice,
    price: last?.price ?? null,
    priceTime: last?.time ?? null,
    value: value === null ? null : formatDecimal(value),
    openProfit: value === null ? null : formatDecimal(subtract(value, parseDecimal(cost))),
    realizedProfit,
    updatedAt,
  };
}

/** Positions as a table for people. */
export function positionLines(valued: readonly ValuedPosition[], palette: Palette): string[] {
  const profits = ['open profit', 'realized'];
  return tableOr(
    'no positions',
    ['account', 'strategy', 'instrument', 'quantity', 'entry', 'price', 'value', ...profits],
    valued.map((position) => [
      position.account,
      position.strategy,
      instrumentKey(position.venue, position.symbol),
      position.quantity,
      moneyOr(position.averageEntryPrice),
      moneyOr(position.price),
      moneyOr(position.value),
      moneyOr(position.openProfit),
      moneyOr(position.realizedProfit),
    ]),
    {
      head: palette.title,
      cell: (text, title, value) => {
        if (!profits.includes(title) || value === '' || /^0(\.0+)?$/.test(value)) return text;
        return value.startsWith('-') ? palette.bad(text) : palette.good(text);
      },
    },
  );
}

function moneyOr(text: string | null): string {
  return text === null ? '' : money(text);
}
