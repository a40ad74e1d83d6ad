import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import ccxt from 'ccxt';
import { WALL_CLOCK } from '../../core/clock.ts';
import { type BookState, bookState } from '../../exchange/state.ts';
import type { Book } from '../../market/book.ts';
import type { Market } from '../../market/market.ts';
import { type Listening, listen } from '../../server.ts';
import { readRecording } from '../../venues/binance-spot/recording.ts';
import { type Running, standardBinanceSpot } from '../../venues/binance-spot/standard.ts';

export type Ccxt = InstanceType<typeof ccxt.pro.binance>;

export const KEY = 'simulator-key';
export const SECRET = 'simulator-secret';

/** Binance Spot behind a real socket, on any free port of loopback. */
export class Simulated {
  readonly running: Running;
  readonly #listening: Listening;

  private constructor(running: Running, listening: Listening) {
    this.running = running;
    this.#listening = listening;
  }

  static async start(): Promise<Simulated> {
    const recording = join(import.meta.dirname, '../../../data/spot_btcusdt_20240808.jsonl.gz');
    const running = standardBinanceSpot(WALL_CLOCK, readRecording([recording]), 7);
    return new Simulated(running, await listen(running.venue, 0));
  }

  get address(): string {
    return `127.0.0.1:${this.#listening.port}`;
  }

  get market(): Market {
    return this.running.exchange.markets.get('BTCUSDT') as Market;
  }

  async stop(): Promise<void> {
    this.running.stop();
    await this.#listening.close();
  }
}

/** ccxt as it is, with nothing changed but the addresses. */
export async function ccxtOf(simulated: Simulated): Promise<Ccxt> {
  const client = new ccxt.pro.binance({ apiKey: KEY, secret: SECRET, enableRateLimit: false });
  // Without it ccxt refuses every ws:// address. No proxy is involved.
  await client.loadHttpProxyAgent();
  const api = client.urls.api as Record<string, unknown> & { ws: Record<string, unknown> & { 'ws-api': Record<string, string> } };
  for (const [name, url] of Object.entries(api)) {
    if (typeof url === 'string') api[name] = url.replace(/^https:\/\/[^/]+/, `http://${simulated.address}`);
  }
  api.ws.spot = `ws://${simulated.address}/stream`;
  api.ws['ws-api'].spot = `ws://${simulated.address}/ws-api/v3`;
  client.options.fetchMarkets = { types: ['spot'] };
  client.options.fetchMargins = false;
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

/** The `count` best levels of both sides as numbers, for clients that count in them. */
export function touch(book: Book | undefined, count: number): { bids: number[][]; asks: number[][] } {
  if (book === undefined) throw new Error('The simulator knows no book of this id');
  const { bids, asks }: BookState = bookState(book);
  const numbers = (levels: BookState['bids']): number[][] =>
    levels.slice(0, count).map(([price, quantity]) => [Number(price), Number(quantity)]);
  return { bids: numbers(bids), asks: numbers(asks) };
}
