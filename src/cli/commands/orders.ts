/** `tapedeck orders`: what became of orders, or of one, read from the stores and so without HTTP. */

import { Argument, type Command, Option } from 'commander';
import { OPEN_STATUSES, ORDER_STATUSES } from '../../domain/order/status.ts';
import { escapeUnprintable } from '../../domain/printable.ts';
import { instrumentKey } from '../../domain/settings/in-force.ts';
import { UserError } from '../../domain/user-error.ts';
import type { ListedOrder, ShownOrder } from '../../projections/orders.ts';
import { currentOrder, currentOrderIds, currentOrders } from '../../queries/current-orders.ts';
import { wholeId } from '../short-id.ts';
import { type OpenStores, withTape } from '../stores.ts';
import { definedOnly, instant, positiveInteger } from '../terminal/arguments.ts';
import { withExamples } from '../terminal/examples.ts';
import { answer, answerAll, type OutputOptions } from '../terminal/output.ts';
import { type Palette, stateColour } from '../terminal/palette.ts';
import { type TableLook, table, tableOr } from '../terminal/table.ts';

interface Options extends OutputOptions {
  readonly open?: true;
  readonly status?: readonly string[];
  readonly account?: string;
  readonly strategy?: string;
  readonly venue?: string;
  readonly symbol?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
}

export function ordersCommand(command: Command): void {
  command
    .addArgument(new Argument('[id]', 'one order; the beginning of its id is enough'))
    .option('--open', 'only open orders')
    .addOption(new Option('--status <status...>', 'only orders with these statuses').choices(ORDER_STATUSES).conflicts('open'))
    .option('--account <id>', 'only of this account')
    .option('--strategy <name>', 'only of this strategy; "manual" for orders placed by people')
    .option('--venue <name>', 'only at this venue')
    .option('--symbol <name>', 'only of this symbol')
    .option('--from <time>', 'only from this time on (ISO 8601)', instant)
    .option('--to <time>', 'only before this time (ISO 8601)', instant)
    .option('--limit <count>', 'at most this many', positiveInteger, 20)
    .option('--json', 'print one JSON line per order')
    .action((id: string | undefined, options: Options) =>
      withTape((stores) => (id === undefined ? list(stores, options) : show(stores, id, options))),
    );
  withExamples(command, [
    'tapedeck orders --open',
    'tapedeck orders --account paper-binance --status denied rejected --limit 5',
    'tapedeck orders bf00b95d',
    'tapedeck orders --json | jq -r .status | sort | uniq -c',
  ]);
}

async function list({ events, reads }: OpenStores, options: Options): Promise<void> {
  const { open, status, account, strategy, venue, symbol, from, to, limit } = options;
  const equal = definedOnly({ status: open === true ? OPEN_STATUSES : status, account, strategy, venue, symbol });
  const found = await currentOrders(events, reads, { equal, from, to, limit });
  answerAll(options, found, (palette) => orderLines(found, palette));
}

async function show({ events, reads }: OpenStores, text: string, options: Options): Promise<void> {
  const id = await wholeId('order', text, (beginning, limit) => currentOrderIds(events, reads, beginning, limit), LISTED);
  const order = await currentOrder(events, reads, id);
  if (order === undefined) throw new UserError(`there is no order "${id}": ${LISTED}`);
  answer(options, order, (palette) => [...factLines(order, palette), '', ...historyLines(order.history, palette)]);
}

const LISTED = '"./tapedeck orders" lists them, with their ids';

/** Orders as a table for people. */
export function orderLines(found: readonly ListedOrder[], palette: Palette): string[] {
  const look: TableLook = {
    head: palette.title,
    cell: (text, title, value) => (title === 'status' ? stateColour(palette, value)(text) : text),
  };
  return tableOr(
    'no orders',
    [
      ...['created', 'account', 'strategy', 'venue', 'symbol', 'side', 'type', 'quantity', 'limit'],
      ...['filled', 'average', 'status', 'reason', 'id'],
    ],
    found.map((order) => [
      order.createdAt?.slice(0, 19) ?? '-',
      order.account,
      order.strategy ?? '-',
      order.venue ?? '-',
      order.symbol ?? '-',
      order.side ?? '-',
      order.type ?? '-',
      order.quantity ?? '',
      order.price ?? '',
      order.cumulativeQuantity,
      order.averagePrice ?? '',
      order.status,
      order.reason ?? '',
      order.id,
    ]),
    look,
    { ids: ['id'], leftOut: ['type', 'filled', 'venue', 'account', 'strategy', 'limit', 'average', 'reason'] },
  );
}

function instrumentOf({ venue, symbol }: ListedOrder): string {
  return venue === null || symbol === null ? '-' : instrumentKey(venue, symbol);
}

function statusOf({ status, reason }: ListedOrder): string {
  return reason === null ? status : `${status}: ${escapeUnprintable(reason)}`;
}

/** One order, a fact a line. */
function factLines(order: ShownOrder, palette: Palette): string[] {
  const facts: [string, string | null][] = [
    ['order', order.id],
    ['status', stateColour(palette, order.status)(statusOf(order))],
    [
      'what',
      `${order.side ?? '-'} ${order.quantity ?? '-'} ${instrumentOf(order)} ${order.type ?? '-'} ${order.timeInForce ?? ''}`,
    ],
    ['limit price', order.price],
    ['account', order.account],
    ['strategy', order.strategy],
    ['requested', order.requestedAt],
    ['created', order.requestedAt === null || order.createdAt === null ? order.createdAt : `${order.createdAt} in its market`],
    ['came from', order.origin === null ? null : `${order.origin.kind} ${order.origin.id}`],
    ['filled', `${order.cumulativeQuantity}${order.averagePrice === null ? '' : ` at ${order.averagePrice}`}`],
    [
      'fees',
      Object.entries(order.fees)
        .map(([asset, fee]) => `${fee} ${asset}`)
        .join(', ') || null,
    ],
    ['judged at', order.referencePrice],
    ['denied on', order.value === null ? null : `${order.value}, bound ${order.bound ?? '-'}`],
  ];
  const lines = facts.flatMap(([name, value]) => (value === null ? [] : [`${palette.faint(name.padEnd(11))}  ${value}`]));
  if (order.limits.length === 0) return lines;
  const checks = order.limits.map(({ limit, value, bound }) => [limit, value, bound]);
  return [...lines, '', ...table(['limit passed', 'value', 'bound'], checks, plainLook(palette))];
}

function historyLines(history: ShownOrder['history'], palette: Palette): string[] {
  const rows = history.map(({ occurredAt, position, type, id }) => [occurredAt, position, type, id]);
  return table(['occurred', 'position', 'event', 'id'], rows, plainLook(palette), { ids: ['id'] });
}

function plainLook({ title }: Palette): TableLook {
  return { head: title, cell: (text) => text };
}
