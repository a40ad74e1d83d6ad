import { join } from 'node:path';
import ccxt from 'ccxt';
import { WALL_CLOCK } from '../../core/clock.ts';
import { readRecording } from '../../venues/binance/recording.ts';
import { standardBinanceSpot } from '../../venues/binance-spot/standard.ts';
import { KEY, SECRET, Simulated } from '../simulated.ts';

export type Ccxt = InstanceType<typeof ccxt.pro.binance>;

export function simulatedBinanceSpot(): Promise<Simulated> {
  const recording = join(import.meta.dirname, '../../../data/spot_btcusdt_20240808.jsonl.gz');
  return Simulated.serve(standardBinanceSpot(WALL_CLOCK, readRecording([recording]), 7));
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
