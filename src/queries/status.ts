/** The status of a system: the tape, the engine, leases, feeds, halts, open orders, positions and read models. */

import { OPEN_STATUSES } from '../domain/order/status.ts';
import { EVIDENCE_CATEGORIES } from '../domain/streams.ts';
import type { EventStore } from '../ports/event-store.ts';
import type { Leases } from '../ports/leases.ts';
import { eventsOf } from '../ports/pages.ts';
import type { ReadStore } from '../ports/read-store.ts';
import { accounts } from '../projections/accounts.ts';
import { orders } from '../projections/orders.ts';
import { prices } from '../projections/prices.ts';
import { projectionsOn } from '../projections/projections.ts';
import { servingCollection } from '../runtime/projections/builds.ts';
import { assertSameTape } from '../runtime/stores/read-store-owner.ts';
import { isDecision } from '../tape/envelope.ts';
import { latestDocuments } from './documents.ts';
import { readSettings } from './settings-in-force.ts';
import { valuedAccounts } from './valued-accounts.ts';

export type Status = Awaited<ReturnType<typeof readStatus>>;

/** Reads it from the stores alone, as of the tape's end, whether or not a process is running. Throws OtherTapeError. */
export async function readStatus(events: EventStore, reads: ReadStore, leases: Leases | null = null) {
  await assertSameTape(events, reads);
  const { settings } = await readSettings(events);
  const readModels = [];
  for (const projection of projectionsOn(events)) {
    const name = await servingCollection(reads, projection);
    readModels.push({ name, position: await reads.checkpoint(name) });
  }
  const head = await events.head();
  const source = latestDocuments(events, reads);
  const valued = await valuedAccounts(source, settings, await source.all(accounts, 'id'), head);
  return {
    tape: { head },
    engine: await readEngine(events),
    leases: leases === null ? null : await readLeases(leases),
    settings: { generation: settings.generation, hash: settings.hash },
    feeds: (await source.all(prices, 'symbol')).map(({ venue, symbol, last, lastAt, feed: { state, reason } }) => {
      return { venue, symbol, last, lastAt, state, reason };
    }),
    accounts: valued.map(({ document: { id, currency, marked, halts }, current }) => ({ id, currency, marked, current, halts })),
    openOrders: (await source.all(orders, 'sequence', { status: OPEN_STATUSES })).map((order) => {
      const { id: orderId, account, strategy, symbol, side, remainingQuantity, status } = order;
      return { orderId, account, strategy, symbol, side, remainingQuantity, status };
    }),
    positions: valued.flatMap(({ positions }) => positions).filter(({ quantity }) => quantity !== '0'),
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
