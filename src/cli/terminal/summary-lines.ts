/** The summary of a run as a person reads it. */

import { instrumentKey } from '../../domain/settings/in-force.ts';
import type { Summary } from '../../queries/run-summary.ts';
import { fillLines } from './fill-lines.ts';
import { money, tableOr, thousands } from './table.ts';

type Position = Summary['accounts'][number]['positions'][number];

/** The summary as lines; `address` is where the API is served. */
export function summaryLines({ recordings, strategies, accounts: held }: Summary, address: string): string[] {
  return [
    '',
    ...recordings.map(({ feed, evidence }) => {
      const samples = evidence.DepthSampled === undefined ? '' : `, ${thousands(evidence.DepthSampled)} samples of the book`;
      return `${feed}: ${thousands(evidence.BarClosed ?? 0)} bars${samples}`;
    }),
    '',
    ...tableOr(
      'no strategies',
      ['strategy', 'account', 'signals', 'orders', 'filled', 'denied'],
      strategies.map(({ strategy, account, ...counts }) => [
        strategy,
        account,
        ...[counts.signals, counts.orders, counts.filled, counts.denied].map(thousands),
      ]),
    ),
    '',
    ...tableOr(
      'no accounts',
      ['account', 'equity', 'profit', 'currency', 'position'],
      held.map(({ account, currency, equity, profit, positions: open }) => [
        account,
        money(equity),
        `${profit.startsWith('-') ? '' : '+'}${money(profit)}`,
        currency,
        open.map(positionText).join('; ') || 'flat',
      ]),
    ),
    ...fillLines(new Map(held.map(({ account, maxVolumeShare }) => [account, maxVolumeShare]))),
    '',
    'Where to look next',
    `  ${address}/docs`,
    `  ${address}/v1/signals${strategies[0] === undefined ? '' : `?strategy=${strategies[0].strategy}`}`,
    `  ${address}/v1/orders    ${address}/v1/accounts`,
    '  ./tapedeck events --category signals    ./tapedeck status',
    '',
  ];
}

function positionText({ quantity, venue, symbol, strategy, averageEntryPrice }: Position): string {
  const entry = averageEntryPrice === null ? '' : ` at ${money(averageEntryPrice)}`;
  return `${quantity} ${instrumentKey(venue, symbol)}${entry} (${strategy})`;
}
