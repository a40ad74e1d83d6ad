/** `tapedeck status`: what is going on, read from the stores and so without HTTP. */

import type { Command } from 'commander';
import { readStatus, type Status } from '../../queries/status.ts';
import { scopeText } from '../scope.ts';
import { withTape } from '../stores.ts';
import { withExamples } from '../terminal/examples.ts';
import { answer, type OutputOptions } from '../terminal/output.ts';
import { type Palette, stateColour } from '../terminal/palette.ts';
import { heldLines } from '../terminal/position-table.ts';
import { moneyOrDash, type TableLook, tableOr } from '../terminal/table.ts';

export function statusCommand(command: Command): void {
  command.option('--json', 'print one JSON document').action((options: OutputOptions) =>
    withTape(async ({ events, reads, leases }) => {
      const status = await readStatus(events, reads, leases);
      answer(options, status, (palette) => statusLines(status, palette));
    }),
  );
  withExamples(command, ['tapedeck status', 'tapedeck status --json | jq .openOrders']);
}

function statusLines(status: Status, palette: Palette): string[] {
  const look: TableLook = {
    head: palette.title,
    cell: (text, title, value) => {
      if (title === 'halted') return stateColour(palette, value === 'no' ? value : 'stop')(text);
      // A recording that is over is nothing to look at.
      if (value.endsWith(': ended')) return palette.faint(text);
      return title === 'state' || title === 'status' ? stateColour(palette, value.split(':')[0] ?? '')(text) : text;
    },
  };
  const { tape, engine, leases, settings, readModels } = status;
  const behind = readModels.filter(({ position }) => position !== tape.head);
  return [
    leases === null ? `tape         ${tape.head} events` : `tape         up to position ${tape.head}`,
    `engine       build ${engine.build ?? '-'}`,
    `evidence     up to ${engine.lastEvidence ?? '-'}`,
    `decisions    up to ${engine.lastDecision ?? '-'}`,
    `settings     generation ${settings.generation}`,
    `read models  ${behind.length === 0 ? 'all at the end of the tape' : `${behind.map(({ name, position }) => `${name} at ${position}`).join(', ')}; "./tapedeck run" brings them up to date`}`,
    ...(leases === null ? [] : leaseLines(leases, look)),
    '',
    ...tableOr(
      'no feeds',
      ['feed', 'last', 'at', 'state'],
      status.feeds.map((feed) => [
        `${feed.venue} ${feed.symbol}`,
        feed.last ?? '-',
        feed.lastAt ?? '-',
        feed.reason === null ? feed.state : `${feed.state}: ${feed.reason}`,
      ]),
      look,
    ),
    '',
    ...tableOr(
      'no accounts',
      ['account', 'equity', 'fees', 'profit', 'currency', 'halted'],
      status.accounts.map(({ id, current, currency, halts }) => [
        id,
        moneyOrDash(current?.equity),
        moneyOrDash(current?.pnl.fees),
        moneyOrDash(current?.pnl.profit),
        currency ?? '-',
        haltsText(halts),
      ]),
      look,
    ),
    '',
    ...heldLines(status.positions, look),
    '',
    ...tableOr(
      'no open orders',
      ['open order', 'account', 'strategy', 'side', 'remaining', 'status'],
      status.openOrders.map((order) => [
        order.orderId,
        order.account,
        order.strategy ?? '-',
        order.side ?? '-',
        `${order.remainingQuantity ?? '-'} ${order.symbol ?? ''}`,
        order.status,
      ]),
      look,
      { ids: ['open order'], leftOut: ['account', 'strategy'] },
    ),
  ];
}

/** `everything reduce-only: drill; strategy cross stop: looks wrong`, or `no`. */
export function haltsText(halts: Status['accounts'][number]['halts']): string {
  return halts.map(({ scope, mode, reason }) => `${scopeText(scope)} ${mode}: ${reason}`).join('; ') || 'no';
}

function leaseLines(leases: NonNullable<Status['leases']>, look: TableLook): string[] {
  const rows = leases.map(({ name, holder }) => [name, holder ?? 'nobody']);
  return ['', ...tableOr('no leases yet', ['lease', 'holder'], rows, look)];
}
