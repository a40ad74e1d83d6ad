/** The status of a system: the tape, the engine, leases, feeds, halts, open orders, positions and read models. */

import { OPEN_STATUSES } from '../domain/order/status.ts';
import { EVIDENCE_CATEGORIES } from '../domain/streams.ts';
import type { EventStore } from '../ports/event-store.ts';
import type { Leases } from '../ports/leases.ts';
import { eventsOf, readAll } from '../ports/pages.ts';
import type { ReadStore } from '../ports/read-store.ts';
import { type AccountDocument, accounts } from '../projections/accounts.ts';
import { type OrderDocument, orders } from '../projections/orders.ts';
import { type PositionDocument, positions } from '../projections/positions.ts';
import { type PriceDocument, prices } from '../projections/prices.ts';
import { projectionsOn } from '../projections/projections.ts';
import { servingCollection } from '../runtime/projections/builds.ts';
import { assertSameTape } from '../runtime/stores/read-store-owner.ts';
import { isDecision } from '../tape/envelope.ts';
import { readSettings } from './settings-in-force.ts';

export type Status = Awaited<ReturnType<typeof readStatus>>;

/** Reads it from the stores alone, whether or not a process is running. Throws OtherTapeError. */
export async function readStatus(events: EventStore, reads: ReadStore, leases: Leases | null = null) {
  await assertSameTape(events, reads);
  const { settings } = await readSettings(events);
  const readModels = [];
  for (const projection of projectionsOn(events)) {
    const name = await servingCollection(reads, projection);
    readModels.push({ name, position: await reads.checkpoint(name) });
  }
  return {
    tape: { head: await events.head() },
    engine: await readEngine(events),
    leases: leases === null ? null : await readLeases(leases),
    settings: { generation: settings.generation, hash: settings.hash },
    feeds: await Array.fromAsync(
      readAll<PriceDocument>(reads, await servingCollection(reads, prices), 'symbol'),
      ({ venue, symbol, last, lastTime, feed }) => ({
        venue,
        symbol,
        last,
        lastTime,
        state: feed.state,
        reason: feed.reason,
      }),
    ),
    accounts: await Array.fromAsync(
      readAll<AccountDocument>(reads, await servingCollection(reads, accounts), 'id'),
      ({ id, currency, equity, halts }) => ({
        id,
        currency,
        equity,
        halts,
      }),
    ),
    openOrders: await Array.fromAsync(
      readAll<OrderDocument>(reads, await servingCollection(reads, orders), 'sequence', { status: OPEN_STATUSES }),
      ({ id: orderId, account, strategy, symbol, side, remainingQuantity, status }) => ({
        orderId,
        account,
        strategy,
        symbol,
        side,
        remainingQuantity,
        status,
      }),
    ),
    positions: (await Array.fromAsync(readAll<PositionDocument>(reads, await servingCollection(reads, positions), 'name')))
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

/** The leases and their holders on record: a process that was killed stands there until another takes over. */
async function readLeases(leases: Leases) {
  const records = [...(await leases.read())];
  return records.map(([name, { owner, holder, epoch }]) => ({ name, holder: owner === null ? null : holder, epoch }));
}

/** The build that decides, the last evidence with a decision, and how much evidence lies behind it. */
async function readEngine(events: EventStore) {
  const [activation] = await events.read({ types: ['EngineActivated'], isBackward: true, limit: 1 });
  const [cascade] = await events.read({ types: ['CascadeDecided'], isBackward: true, limit: 1 });
  return {
    build: activation?.type === 'EngineActivated' ? activation.data.codeVersion : null,
    lastDecision: cascade?.metadata.occurredAt ?? null,
    lastEvidence: await lastEvidence(events),
  };
}

/** Reports of paper accounts lie among the evidence, and are decisions: across a network many may follow it. */
async function lastEvidence(events: EventStore): Promise<string | null> {
  for await (const event of eventsOf(events, { categories: EVIDENCE_CATEGORIES, isBackward: true })) {
    if (!isDecision(event)) return event.metadata.occurredAt;
  }
  return null;
}
