/** Waiting for what becomes of an order, for clients that want the outcome in the answer to their request. */

import { type OrderDocument, orders } from '../../projections/orders.ts';
import type { RecordedEvent } from '../../tape/envelope.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { findDocument, servedProjection } from './read.ts';

/** Most requests that may wait at once; further ones are answered without waiting, as if it had taken too long. */
const MAX_WAITS = 100;

/** Nothing more is expected of it; a late fill may come all the same. */
export function isClosed(order: OrderDocument): boolean {
  return order.status === 'filled' || order.closedAs !== null;
}

function isDecided(order: OrderDocument): boolean {
  return order.status !== 'unknown';
}

export class OrderWaits {
  readonly #deps: ApiDependencies;
  /** Ends a wait without the order. */
  readonly #giveUps = new Set<() => void>();
  #isClosing = false;

  constructor(deps: ApiDependencies) {
    this.#deps = deps;
    deps.metrics.watchQueue({ name: 'order-waits', limit: MAX_WAITS, depth: () => this.#giveUps.size });
  }

  /**
   * Resolves with the order once it is decided upon, or closed; with undefined when that takes too long. `after` is
   * the position of the request.
   */
  async until(state: 'decided' | 'closed', orderId: string, after: string): Promise<OrderDocument | undefined> {
    // A request that is sent again finds its order long decided: nothing has to be waited for.
    const isDone = state === 'decided' ? isDecided : isClosed;
    const known = await findDocument(this.#deps, orders, orderId);
    if (known !== undefined && isDone(known)) return known;
    if (this.#isClosing || this.#giveUps.size >= MAX_WAITS) return undefined;
    return this.#watch(orderId, after, isDone);
  }

  /** Ends every wait, and lets none begin, so that a server that closes is not held up. */
  giveUp(): void {
    this.#isClosing = true;
    for (const giveUp of [...this.#giveUps]) giveUp();
  }

  /** Reads the order after each of its events, once the read model has that event. */
  async #watch(orderId: string, after: string, isDone: (order: OrderDocument) => boolean): Promise<OrderDocument | undefined> {
    const { events, timeouts } = this.#deps;
    const projection = servedProjection(this.#deps, orders);
    let give: (order: OrderDocument | undefined) => void = () => {};
    const outcome = new Promise<OrderDocument | undefined>((resolve) => {
      give = resolve;
    });
    const giveUp = () => give(undefined);
    this.#giveUps.add(giveUp);
    const timer = setTimeout(giveUp, timeouts.orderMs);
    const subscription = events.subscribe({
      after,
      categories: ['order'],
      onEvents: async (batch) => {
        const last = batch.findLast((event) => isOf(event, orderId));
        if (last === undefined || !(await projection.waitFor(last.position, timeouts.orderMs))) return;
        const order = await findDocument(this.#deps, orders, orderId);
        if (order !== undefined && isDone(order)) give(order);
      },
    });
    // A subscription that fails ends the wait; the request itself is recorded all the same.
    subscription.ended.catch(giveUp);
    try {
      return await outcome;
    } finally {
      this.#giveUps.delete(giveUp);
      clearTimeout(timer);
      // Not waited for: a handler may still wait for the read model, and the answer is known.
      subscription.close().catch(giveUp);
    }
  }
}

function isOf(event: RecordedEvent, orderId: string): boolean {
  return 'orderId' in event.data && event.data.orderId === orderId;
}
