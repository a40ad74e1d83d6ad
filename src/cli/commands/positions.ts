/** `tapedeck positions`: what is held, what it is worth and what it made, read from the stores and so without HTTP. */

import type { Command } from 'commander';
import { instrumentKey } from '../../domain/settings/in-force.ts';
import { type CurrentPosition, currentPositions } from '../../queries/current-positions.ts';
import { withTape } from '../stores.ts';
import { definedOnly } from '../terminal/arguments.ts';
import { withExamples } from '../terminal/examples.ts';
import { answerAll, type OutputOptions } from '../terminal/output.ts';
import type { Palette } from '../terminal/palette.ts';
import { money, tableOr } from '../terminal/table.ts';

interface Options extends OutputOptions {
  readonly account?: string;
  readonly strategy?: string;
  readonly flat?: true;
}

export function positionsCommand(command: Command): void {
  command
    .option('--account <id>', 'only of this account')
    .option('--strategy <name>', 'only of this strategy; "manual" for positions of people')
    .option('--flat', 'include closed positions')
    .option('--json', 'print one JSON line per position')
    .action((options: Options) =>
      withTape(async ({ events, reads }) => {
        const { account, strategy, flat } = options;
        const valued = await currentPositions(events, reads, {
          equal: definedOnly({ account, strategy }),
          hasFlat: flat === true,
        });
        answerAll(options, valued, (palette) => positionLines(valued, palette));
      }),
    );
  withExamples(command, [
    'tapedeck positions',
    'tapedeck positions --account paper-coinbase --flat',
    'tapedeck positions --json | jq -r "[.symbol, .quantity] | @tsv"',
  ]);
}

/** Positions as a table for people. */
export function positionLines(valued: readonly CurrentPosition[], palette: Palette): string[] {
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
