/** `tapedeck positions`: what is held, what it is worth and what it made, read from the stores and so without HTTP. */

import type { Command } from 'commander';
import { currentPositions } from '../../queries/current-positions.ts';
import type { ValuedPosition } from '../../queries/valued-accounts.ts';
import { withTape } from '../stores.ts';
import { definedOnly } from '../terminal/arguments.ts';
import { withExamples } from '../terminal/examples.ts';
import { answerAll, type OutputOptions } from '../terminal/output.ts';
import type { Palette } from '../terminal/palette.ts';
import { heldLines } from '../terminal/position-table.ts';
import { money, moneyOrDash, type TableLook, table } from '../terminal/table.ts';

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
        const valued = await currentPositions(events, reads, { ...definedOnly({ account, strategy }), hasFlat: flat === true });
        answerAll(options, valued, (palette) => positionLines(valued, palette));
      }),
    );
  withExamples(command, [
    'tapedeck positions',
    'tapedeck positions --account paper-coinbase --flat',
    'tapedeck positions --json | jq -r "[.symbol, .quantity] | @tsv"',
  ]);
}

/** Positions for people in two tables: what is held, and what it made. */
export function positionLines(valued: readonly ValuedPosition[], palette: Palette): string[] {
  if (valued.length === 0) return ['no positions'];
  const profits = ['realized', 'unrealized', 'profit'];
  const look: TableLook = {
    head: palette.title,
    cell: (text, title, value) => {
      if (!profits.includes(title) || value === '-' || /^0(\.0+)?$/.test(value)) return text;
      return value.startsWith('-') ? palette.bad(text) : palette.good(text);
    },
  };
  return [
    ...heldLines(valued, look),
    '',
    ...table(
      ['profit of', 'account', 'realized', 'unrealized', 'fees', 'profit'],
      valued.map((position) => [
        `${position.strategy} ${position.symbol}`,
        position.account,
        money(position.realizedProfit),
        moneyOrDash(position.unrealizedProfit),
        money(position.fees),
        moneyOrDash(position.profit),
      ]),
      look,
      { leftOut: ['account'] },
    ),
  ];
}
