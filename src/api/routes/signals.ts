/** What strategies said, from the read model of signals. */

import { z } from 'zod';
import { idText, isoTimeText } from '../../domain/event.ts';
import { SignalGenerated } from '../../domain/strategy/events.ts';
import { signals } from '../../projections/signals.ts';
import type { ApiDependencies, ApiServer } from '../dependencies.ts';
import { answerPage } from '../http/pages.ts';
import { name, position, symbol, timePage, timeRange, venue } from '../http/query.ts';
import { atPosition } from '../http/read.ts';
import { pageOfShape, routeSchema } from '../http/route-schema.ts';

const signalsQuery = z.strictObject({ strategy: name, venue, symbol, ...timeRange, ...timePage });

const signalShape = SignalGenerated.schema
  .extend({
    id: idText,
    time: isoTimeText,
    recordedAt: isoTimeText,
    correlationId: idText,
    position,
  })
  .meta({ id: 'Signal' });

/** `GET /v1/signals`. */
export function signalRoutes(server: ApiServer, deps: ApiDependencies): void {
  const list = routeSchema(
    { id: 'listSignals', group: 'strategies', summary: 'What strategies said', answers: pageOfShape(signalShape) },
    { querystring: signalsQuery },
  );
  server.get('/v1/signals', list, async ({ query }, reply) => {
    await atPosition(deps, [signals], query, reply);
    const { strategy, venue, symbol, from, to } = query;
    return answerPage(deps, reply, 'signals', query, {
      projection: signals,
      equal: { strategy, venue, symbol },
      sort: 'sequence',
      descending: query.order === 'desc',
      from,
      to,
    });
  });
}
