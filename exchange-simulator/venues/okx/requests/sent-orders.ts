import type { Account, Order, OrderRequest } from '../../../accounts/account.ts';
import type { Amount } from '../../../core/amount.ts';
import type { Exchange } from '../../../exchange/exchange.ts';

/** What OKX keeps of an order beside what matching needs. */
export interface SentOrder {
  readonly tag: string;
  /** What `size` counts, for market orders; empty for others. */
  readonly tgtCcy: 'base_ccy' | 'quote_ccy' | '';
  readonly size: Amount;
  /** Why it ended before it was filled, where its type does not say it. */
  cancelSource?: string;
}

/** What came with each order, and the countdowns that cancel those of a tag. */
export class SentOrders {
  readonly #sent = new WeakMap<OrderRequest, SentOrder>();
  /** How to stop the countdown of an account and a tag. */
  readonly #countdowns = new Map<string, () => void>();

  /** Before the order is matched: its first events tell of it already. */
  add(request: OrderRequest, sent: SentOrder): void {
    this.#sent.set(request, sent);
  }

  of(order: Order): SentOrder {
    return this.#sent.get(order.request) ?? { tag: '', tgtCcy: '', size: order.quantity };
  }

  /**
   * Cancels an account's orders with `tag`, all of them where it is empty, unless this is called again within `seconds`.
   * 0 ends the countdown. Returns what OKX answers.
   */
  cancelAfter(exchange: Exchange, account: Account, seconds: number, tag: string): Record<string, unknown> {
    const key = `${account.id} ${tag}`;
    this.#countdowns.get(key)?.();
    this.#countdowns.delete(key);
    if (seconds > 0) {
      const stop = exchange.clock.after(seconds * 1000, () => {
        for (const order of account.openOrders()) {
          if (tag !== '' && this.of(order).tag !== tag) continue;
          this.of(order).cancelSource = '20';
          exchange.cancel(order, '');
        }
      });
      this.#countdowns.set(key, stop);
    }
    const now = exchange.now();
    return { triggerTime: seconds === 0 ? '0' : String(now + seconds * 1000), tag, ts: String(now) };
  }
}
