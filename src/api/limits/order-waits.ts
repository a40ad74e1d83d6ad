/** Waiting for what becomes of an order, for clients that want the outcome in the answer to their request. */

import { isClosedOrder, type OrderDocument, orders } from '../../projections/orders.ts';
import { positionAfter } from '../../tape/envelope.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { findDocument, servedProjection } from '../http/read.ts';
import { Budget } from './budget.ts';

/** Most requests that may wait at once, shared out by key; further ones are answered without waiting, as if it had taken too long. */
const MAX_WAITS = 100;

function isDecided(order: OrderDocument): boolean {
  return order.status !== 'unknown';
}

export class OrderWaits {
  readonly #deps: ApiDependencies;
  /** Ends a wait without the order. */
  readonly #giveUps = new Set<() => void>();
  readonly #budget = new Budget(MAX_WAITS);
  #isClosing = false;

  constructor(deps: ApiDependencies) {
    this.#deps = deps;
    deps.metrics.watchQueue({ name: 'order-waits', limit: MAX_WAITS, depth: () => this.#budget.inHand });
  }

  /**
   * Resolves with the order once it is decided on, or closed; with undefined when that takes too long, or when the read
   * model cannot be read: the request itself is recorded all the same. `holder` is whose share of the waits it is in.
   */
  async until(state: 'decided' | 'closed', orderId: string, holder: string | null): Promise<OrderDocument | undefined> {
    const isDone = state === 'decided' ? isDecided : isClosedOrder;
    try {
      // A request that is sent again finds its order long decided, and needs no wait.
      const known = await this.#read(orderId, isDone);
      if (known !== undefined || this.#isClosing || this.#budget.isUsedUp(holder)) return known;
      this.#budget.take(holder);
      try {
        return await this.#wait(orderId, isDone);
      } finally {
        this.#budget.giveBack(holder);
      }
    } catch (error) {
      this.#deps.logger?.error({ err: error, orderId }, 'the wait for an order failed');
      return undefined;
    }
  }

  /** Ends every wait, and lets none begin, so that a server that closes is not held up. */
  giveUp(): void {
    this.#isClosing = true;
    for (const giveUp of [...this.#giveUps]) giveUp();
  }

  /** Reads the order again each time that its read model has moved on. */
  async #wait(orderId: string, isDone: (order: OrderDocument) => boolean): Promise<OrderDocument | undefined> {
    const { time, timeouts } = this.#deps;
    const { orderMs } = timeouts;
    const projection = servedProjection(this.#deps, orders);
    const { promise: givenUp, resolve } = Promise.withResolvers<false>();
    const giveUp = () => resolve(false);
    this.#giveUps.add(giveUp);
    const timer = time.after(orderMs, giveUp);
    try {
      for (;;) {
        // The position first: what is committed while the order is read has moved it on.
        const { position } = projection.progress();
        const order = await this.#read(orderId, isDone);
        if (order !== undefined) return order;
        if (!(await Promise.race([givenUp, projection.waitFor(positionAfter(position), orderMs)]))) return undefined;
      }
    } finally {
      this.#giveUps.delete(giveUp);
      timer.cancel();
    }
  }

  async #read(orderId: string, isDone: (order: OrderDocument) => boolean): Promise<OrderDocument | undefined> {
    const order = await findDocument(this.#deps, orders, orderId);
    return order !== undefined && isDone(order) ? order : undefined;
  }
}
