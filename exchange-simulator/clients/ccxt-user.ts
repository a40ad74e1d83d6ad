import type { Order, Trade } from 'ccxt';

/** What is asked of ccxt's classes here, whatever the venue. */
interface Watching {
  watchOrders(symbol: string): Promise<Order[]>;
  watchMyTrades(symbol: string): Promise<Trade[]>;
}

/** What ccxt's private streams told it: the latest state of each order, and the quantity of each fill. */
export class CcxtUser {
  readonly orders = new Map<string, Order>();
  readonly fills = new Map<string, number>();
  #isWatching = true;

  constructor(client: Watching, symbol: string) {
    void this.#watch(async () => {
      for (const order of await client.watchOrders(symbol)) this.orders.set(String(order.id), order);
    });
    void this.#watch(async () => {
      for (const trade of await client.watchMyTrades(symbol)) this.fills.set(String(trade.id), Number(trade.amount));
    });
  }

  stop(): void {
    this.#isWatching = false;
  }

  async #watch(once: () => Promise<void>): Promise<void> {
    while (this.#isWatching) {
      try {
        await once();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }
}
