import { join } from 'node:path';
import { type Outcome, perSecond, quantile, type Row, serially } from '../row.ts';
import { orderP50, placeOrders, type Served, startTrading } from '../trading.ts';
import { rowsOfLastRequest, startBareRoute } from './bare-route.ts';

const ROUNDS = 5;
const IN_FLIGHT = 32;

export const orders: Row = {
  name: 'orders',
  path: 'POST /v1/orders, embedded, all read models following',
  async run(): Promise<Outcome[]> {
    const system = await startTrading();
    await placeOrders(IN_FLIGHT, system);
    const rows = await rowsOfLastRequest(join(system.folder, 'tape.sqlite'));
    const bare = await startBareRoute(join(system.folder, 'bare.sqlite'), rows);
    const ofRequest = await startBareRoute(join(system.folder, 'request.sqlite'), rows.slice(0, 1));
    try {
      const one = await inTurn(bare, ofRequest, system, orderP50);
      const many = await inTurn(
        bare,
        ofRequest,
        system,
        async (served) => 1_000 / (await placeOrders(IN_FLIGHT, served)).perSecond,
      );
      return [
        {
          what: `one order at a time, from the request to the answer that it is recorded, against a route of a bare Fastify that commits the same ${rows.length} rows`,
          measured: `p50 ${one.ours.toFixed(2)} ms`,
          raw: `p50 ${one.raw.toFixed(2)} ms (of the request's row alone: ${one.rawOfRequest.toFixed(2)} ms)`,
          value: 1 / one.ratio,
          bound: 3,
          atLeast: false,
          unit: 'x',
        },
        {
          what: `${IN_FLIGHT} orders in flight, against the same route, which commits together what waits`,
          measured: perSecond(1, many.ours),
          raw: `${perSecond(1, many.raw)} (of the request's row alone: ${perSecond(1, many.rawOfRequest)})`,
          value: many.ratio,
          bound: 0.3,
          atLeast: true,
          unit: 'x',
        },
      ];
    } finally {
      await bare.close();
      await ofRequest.close();
      await system.close();
    }
  },
};

/** Both bare routes and the system, in turn; the medians. */
async function inTurn(bare: Served, ofRequest: Served, system: Served, measure: (served: Served) => Promise<number>) {
  const ofRequests: number[] = [];
  const pair = await serially(
    ROUNDS,
    async () => {
      ofRequests.push(await measure(ofRequest));
      return measure(bare);
    },
    () => measure(system),
  );
  return { ...pair, rawOfRequest: quantile(ofRequests, 0.5) };
}
