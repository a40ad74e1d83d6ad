/** What strategies said, from the read model of signals. */

import { z } from 'zod';
import { signals } from '../projections/signals.ts';
import type { ApiDependencies, ApiServer } from './dependencies.ts';
import { name, symbol, timePage, timeRange, venue } from './query.ts';
import { listDocuments, reflect } from './reading.ts';

const signalsQuery = z.strictObject({ strategy: name, venue, symbol, ...timeRange, ...timePage });

/** `GET /v1/signals`. */
export function signalRoutes(server: ApiServer, deps: ApiDependencies): void {
  server.get('/v1/signals', { schema: { querystring: signalsQuery } }, async ({ query }, reply) => {
    await reflect(deps, [signals], query, reply);
    const { strategy, venue, symbol, from, to } = query;
    return listDocuments(deps, 'signals', query, {
      projection: signals,
      equal: { strategy, venue, symbol },
      sort: 'sequence',
      descending: query.order === 'desc',
      from,
      to,
    });
  });
}
