import { join } from 'node:path';
import ccxt from 'ccxt';
import { WALL_CLOCK } from '../../core/clock.ts';
import type { Market } from '../../market/market.ts';
import { readRecording } from '../../venues/okx/recording.ts';
import { standardOkx } from '../../venues/okx/standard.ts';
import { KEY, SECRET, Simulated } from '../simulated.ts';

export type Ccxt = InstanceType<typeof ccxt.pro.okx>;

export const PASSPHRASE = 'simulator-pass';

export function simulatedOkx(): Promise<Simulated> {
  const recording = join(import.meta.dirname, '../../venues/okx/data/okx_public_20220513.ws.gz');
  return Simulated.serve(standardOkx(WALL_CLOCK, readRecording(recording, 'BTC-USDT'), 7));
}

export function marketOf(simulated: Simulated, instrument: string): Market {
  return simulated.running.exchange.markets.get(instrument) as Market;
}

/** ccxt as it is, with nothing changed but the addresses and how long it waits before it connects again. */
export async function ccxtOf(simulated: Simulated): Promise<Ccxt> {
  const client = new ccxt.pro.okx({ apiKey: KEY, secret: SECRET, password: PASSPHRASE, enableRateLimit: false });
  // Without it ccxt refuses every ws:// address. No proxy is involved.
  await client.loadHttpProxyAgent();
  const api = client.urls.api as Record<string, unknown>;
  api.rest = `http://${simulated.address}`;
  api.ws = `ws://${simulated.address}/ws/v5`;
  client.options.fetchMarkets = { types: ['spot', 'swap'] };
  client.has.fetchCurrencies = false;
  // It doubles from a second on with each new connection, of which a book needs one after every gap.
  client.options.ws = { ...client.options.ws, backoff: { base: 1, factor: 1, max: 1 } };
  return client;
}
