import { setTimeout as pause } from 'node:timers/promises';
import ccxt from 'ccxt';
import type { Account } from '../../accounts/account.ts';
import { WALL_CLOCK } from '../../core/clock.ts';
import { bookState } from '../../exchange/state.ts';
import type { Market } from '../../market/market.ts';
import { type Listening, listen } from '../../server.ts';
import { type Running, standardBybit } from '../../venues/bybit/standard.ts';

export type Ccxt = InstanceType<typeof ccxt.pro.bybit>;

export const KEY = 'simulator-key';
export const SECRET = 'simulator-secret';

/** Both sides of a book as numbers, best first. */
export interface Levels {
  readonly bids: readonly (readonly number[])[];
  readonly asks: readonly (readonly number[])[];
}

/** Bybit behind a real socket, on any free port of loopback. */
export class Simulated {
  readonly running: Running;
  readonly #listening: Listening;

  private constructor(running: Running, listening: Listening) {
    this.running = running;
    this.#listening = listening;
  }

  static async start(): Promise<Simulated> {
    const running = standardBybit(WALL_CLOCK, 7);
    return new Simulated(running, await listen(running.venue, 0));
  }

  get address(): string {
    return `127.0.0.1:${this.#listening.port}`;
  }

  get market(): Market {
    return this.running.exchange.markets.get('BTCUSDT') as Market;
  }

  get account(): Account {
    return this.running.exchange.accounts[0] as Account;
  }

  async stop(): Promise<void> {
    this.running.stop();
    await this.#listening.close();
  }
}

/** ccxt as it is, with nothing changed but the addresses. */
export async function ccxtOf(simulated: Simulated): Promise<Ccxt> {
  const client = new ccxt.pro.bybit({ apiKey: KEY, secret: SECRET, enableRateLimit: false });
  // Without it ccxt refuses every ws:// address. No proxy is involved.
  await client.loadHttpProxyAgent();
  const api = client.urls.api as Record<string, unknown> & { ws: { public: Record<string, string>; private: unknown } };
  for (const [name, url] of Object.entries(api)) if (typeof url === 'string') api[name] = `http://${simulated.address}`;
  const base = `ws://${simulated.address}/v5`;
  api.ws.public.spot = `${base}/public/spot`;
  api.ws.public.linear = `${base}/public/linear`;
  api.ws.private = {
    spot: { unified: `${base}/private`, nonUnified: `${base}/private` },
    contract: `${base}/private`,
    usdc: `${base}/private`,
    trade: `${base}/trade`,
  };
  client.options.fetchMarkets = { types: ['spot', 'linear'] };
  client.has.fetchCurrencies = false;
  return client;
}

/** Waits until `isTrue`; rejects after ten seconds. */
export async function until(what: string, isTrue: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!isTrue()) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ten seconds`);
    await pause(10);
  }
}

/** The books that a market has had, each as its `count` best levels, by the id of its last change. */
export function bookAt(market: Market, id: number, count: number): Levels {
  const book = market.bookAt(id);
  if (book === undefined) throw new Error(`The simulator knows no book of id ${id}`);
  const { bids, asks } = bookState(book);
  const numbers = (levels: readonly (readonly [string, string])[]): number[][] =>
    levels.slice(0, count).map(([price, quantity]) => [Number(price), Number(quantity)]);
  return { bids: numbers(bids), asks: numbers(asks) };
}
