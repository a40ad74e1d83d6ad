/** The summary of a run as a person reads it. */

import type { Summary } from '../../queries/run-summary.ts';
import { fillLines } from './fill-lines.ts';
import { heldLines } from './position-table.ts';
import { money, moneyOrDash, tableOr, thousands } from './table.ts';

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
      ['account', 'equity', 'realized', 'unrealized', 'fees', 'profit', 'currency'],
      held.map(({ account, currency, current }) => [
        account,
        moneyOrDash(current?.equity),
        moneyOrDash(current?.pnl.realized),
        moneyOrDash(current?.pnl.unrealized),
        moneyOrDash(current?.pnl.fees),
        moneyOrDash(current?.pnl.profit),
        currency,
      ]),
    ),
    ...held.flatMap(revaluationLines),
    ...fillLines(new Map(held.map(({ account, maxVolumeShare }) => [account, maxVolumeShare]))),
    '',
    ...heldLines(held.flatMap(({ positions }) => positions)),
    '',
    'Where to look next',
    `  ${address}/docs`,
    `  ${address}/v1/signals${strategies[0] === undefined ? '' : `?strategy=${strategies[0].strategy}`}`,
    `  ${address}/v1/orders    ${address}/v1/accounts`,
    '  ./tapedeck events --category signals    ./tapedeck status',
    '',
  ];
}

/** The part of the profit that no trade has made, where there is one. */
function revaluationLines({ account, currency, current }: Summary['accounts'][number]): string[] {
  const revaluation = current?.pnl.revaluation ?? '0';
  if (revaluation === '0') return [];
  return [`${account}: ${money(revaluation)} ${currency} of the profit is the revaluation of what it was opened with`];
}
