/** `tapedeck status`: what is going on, read from the stores and so without HTTP. */

import { Command } from 'commander';
import { ENGINE_STREAM, EVIDENCE_CATEGORIES } from '../domain/streams.ts';
import type { EventStore, ReadStore } from '../ports.ts';
import { type AccountDocument, accounts } from '../projections/accounts.ts';
import { type OrderDocument, type OrderStatus, orders } from '../projections/orders.ts';
import { type PositionDocument, positions } from '../projections/positions.ts';
import { type PriceDocument, prices } from '../projections/prices.ts';
import { collectionOf } from '../projections/projection.ts';
import { PROJECTIONS } from '../projections/projections.ts';
import { readSettings } from '../runtime/settings-apply.ts';
import { isDecision } from '../tape/envelope.ts';
import { withStores } from './opening.ts';
import { readAll } from './read-all.ts';
import { money, table } from './table.ts';

const OPEN: readonly OrderStatus[] = ['approved', 'submitted', 'uncertain', 'accepted', 'partially-filled', 'cancel-pending'];

export function statusCommand(): Command {
  return new Command('status')
    .description('what is going on: the tape, the engine, feeds, halts, open orders, positions, read models')
    .option('--json', 'one JSON document')
    .action((options: { json?: true }) =>
      withStores(async ({ events, reads }) => {
        await reads.prepare(PROJECTIONS.map((projection) => ({ name: collectionOf(projection), indexes: projection.indexes })));
        const status = await readStatus(events, reads);
        const json = options.json === true || !process.stdout.isTTY;
        process.stdout.write(json ? `${JSON.stringify(status)}\n` : `${statusLines(status).join('\n')}\n`);
      }),
    );
}

type Status = Awaited<ReturnType<typeof readStatus>>;

async function readStatus(events: EventStore, reads: ReadStore) {
  const { settings } = await readSettings(events);
  const readModels = [];
  for (const projection of PROJECTIONS) {
    const name = collectionOf(projection);
    readModels.push({ name, position: await reads.checkpoint(name) });
  }
  return {
    tape: { head: await events.head() },
    engine: await readEngine(events),
    settings: { generation: settings.generation, hash: settings.hash },
    feeds: await collect(
      readAll<PriceDocument>(reads, collectionOf(prices), 'symbol'),
      ({ venue, symbol, last, lastTime, feed }) => ({
        venue,
        symbol,
        last,
        lastTime,
        state: feed.state,
        reason: feed.reason,
      }),
    ),
    accounts: await collect(readAll<AccountDocument>(reads, collectionOf(accounts), 'id'), ({ id, currency, equity, halts }) => ({
      id,
      currency,
      equity,
      halts,
    })),
    openOrders: await collect(
      readAll<OrderDocument>(reads, collectionOf(orders), 'sequence', { status: OPEN }),
      ({ orderId, account, strategy, symbol, side, remainingQuantity, status }) => ({
        orderId,
        account,
        strategy,
        symbol,
        side,
        remainingQuantity,
        status,
      }),
    ),
    positions: (await collect(readAll<PositionDocument>(reads, collectionOf(positions), 'name'), (position) => position))
      .filter(({ quantity }) => quantity !== '0')
      .map(({ account, strategy, venue, symbol, quantity, averageEntryPrice }) => ({
        account,
        strategy,
        venue,
        symbol,
        quantity,
        averageEntryPrice,
      })),
    readModels,
  };
}

/** Which build decides, the last evidence that something was decided upon, and how much lies behind it. */
async function readEngine(events: EventStore) {
  const [activation] = await events.read({ types: ['EngineActivated'], backward: true, limit: 1 });
  const [cascade] = await events.read({ stream: ENGINE_STREAM, backward: true, limit: 1 });
  const newest = await events.read({ categories: EVIDENCE_CATEGORIES, backward: true, limit: 20 });
  return {
    build: activation?.type === 'EngineActivated' ? activation.data.codeVersion : null,
    lastDecision: cascade?.metadata.occurredAt ?? null,
    lastEvidence: newest.find((event) => !isDecision(event))?.metadata.occurredAt ?? null,
  };
}

async function collect<T, R>(source: AsyncIterable<T>, pick: (item: T) => R): Promise<R[]> {
  const items: R[] = [];
  for await (const item of source) items.push(pick(item));
  return items;
}

function statusLines(status: Status): string[] {
  const { tape, engine, settings, readModels } = status;
  const behind = readModels.filter(({ position }) => position !== tape.head);
  return [
    `tape         ${tape.head} events`,
    `engine       build ${engine.build ?? '-'}; last evidence ${engine.lastEvidence ?? '-'}; last decision ${engine.lastDecision ?? '-'}`,
    `settings     generation ${settings.generation}`,
    `read models  ${behind.length === 0 ? 'all at the end of the tape' : behind.map(({ name, position }) => `${name} at ${position}`).join(', ')}`,
    '',
    ...table(
      ['feed', 'last', 'time', 'state'],
      status.feeds.map((feed) => [
        `${feed.venue} ${feed.symbol}`,
        feed.last ?? '-',
        feed.lastTime ?? '-',
        feed.reason ?? feed.state,
      ]),
    ),
    '',
    ...table(
      ['account', 'equity', 'currency', 'halted'],
      status.accounts.map(({ id, equity, currency, halts }) => [
        id,
        equity === null ? '-' : money(equity),
        currency ?? '-',
        halts.map(({ scope, mode, reason }) => `${Object.values(scope).join()} ${mode}: ${reason}`).join('; ') || 'no',
      ]),
    ),
    '',
    ...table(
      ['position', 'account', 'strategy', 'entry'],
      status.positions.map((position) => [
        `${position.quantity} ${position.symbol}`,
        position.account,
        position.strategy,
        position.averageEntryPrice ?? '-',
      ]),
    ),
    '',
    ...table(
      ['open order', 'account', 'strategy', 'side', 'remaining', 'status'],
      status.openOrders.map((order) => [
        order.orderId,
        order.account,
        order.strategy ?? '-',
        order.side ?? '-',
        `${order.remainingQuantity ?? '-'} ${order.symbol ?? ''}`,
        order.status,
      ]),
    ),
  ];
}
