import ccxt from 'ccxt';
import { WALL_CLOCK } from '../../core/clock.ts';
import { standardBybit } from '../../venues/bybit/standard.ts';
import { KEY, SECRET, Simulated } from '../simulated.ts';

export type Ccxt = InstanceType<typeof ccxt.pro.bybit>;

export function simulatedBybit(): Promise<Simulated> {
  return Simulated.serve(standardBybit(WALL_CLOCK, 7));
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
