import { join } from 'node:path';
import ccxt from 'ccxt';
import type { MarketEvent } from '../market/market-event.ts';
import { readRecording } from '../venues/binance/recording.ts';
import { KEY, SECRET, type Simulated } from './simulated.ts';

/** `binance` is spot here, `binanceusdm` the futures. */
export type Ccxt = InstanceType<typeof ccxt.pro.binance>;

export function recorded(name: string): Iterable<MarketEvent> {
  return readRecording([join(import.meta.dirname, '../../data', name)]);
}

/** ccxt as it is, with nothing changed but the addresses. */
export async function ccxtBinance(simulated: Simulated, id: 'binance' | 'binanceusdm', markets: string): Promise<Ccxt> {
  const client: Ccxt = new ccxt.pro[id]({ apiKey: KEY, secret: SECRET, enableRateLimit: false });
  // Without it ccxt refuses every ws:// address. No proxy is involved.
  await client.loadHttpProxyAgent();
  const api = client.urls.api as Record<string, unknown> & { ws: Record<string, unknown> & { 'ws-api': Record<string, string> } };
  for (const [name, url] of Object.entries(api)) {
    if (typeof url === 'string') api[name] = url.replace(/^https:\/\/[^/]+/, `http://${simulated.address}`);
  }
  api.ws.spot = `ws://${simulated.address}/stream`;
  api.ws['ws-api'].spot = `ws://${simulated.address}/ws-api/v3`;
  // It ends so: ccxt makes /public/ws and /market/ws of it.
  api.ws.future = `ws://${simulated.address}/ws`;
  client.options.fetchMarkets = { types: [markets] };
  client.options.fetchMargins = false;
  client.has.fetchCurrencies = false;
  return client;
}
