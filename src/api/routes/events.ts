/** The tape itself: every event, by stream, category, type, correlation and time. */

import { z } from 'zod';
import { EVENT_TYPES, findEventType } from '../../domain/catalogue.ts';
import type { ReadQuery } from '../../ports/event-store.ts';
import type { Place } from '../../ports/find-rules.ts';
import { envelopeOf, type RecordedEvent } from '../../tape/envelope.ts';
import type { ApiDependencies, ApiServer } from '../dependencies.ts';
import { NOT_OURS, refusedCursor } from '../http/cursor.ts';
import { askedPage, pageOf } from '../http/pages.ts';
import { notFound } from '../http/problem.ts';
import { anyOf, askedId, minPosition, position, timePage, timeRange } from '../http/query.ts';
import { atTapeEnd } from '../http/read.ts';
import { eventShape } from './event-shape.ts';
import type { RouteGroup } from './route-group.ts';
import { found, pageOfShape, routeSchema } from './route-schema.ts';

/** Of the demo: a bar that a strategy gives a signal on. */
const EXAMPLE = { id: '4d18fd2d-b7fa-559c-a04e-1664821336ed' };

/** Events that are read at once: some milliseconds of the thread that answers everybody. */
const AT_ONCE = 100;

const eventsQuery = z.strictObject({
  stream: z.string().min(1).max(300).optional(),
  category: anyOf(z.string().regex(/^[a-z]+$/, 'must be lower case letters, such as "order"'), '[a-z]+').optional(),
  type: anyOf(
    z.string().refine((type) => findEventType(type) !== undefined, 'is not the name of an event type, such as "OrderFilled"'),
    EVENT_TYPES.map(({ type }) => type).join('|'),
  ).optional(),
  correlation: askedId.optional(),
  ...timeRange,
  ...timePage,
});

export const eventRoutes: RouteGroup = {
  name: 'events',
  description: 'The events of the tape',
  addRoutes: readRoutes,
};

/** `GET /v1/events` in the order of the tape, and `GET /v1/events/{id}`. */
function readRoutes(server: ApiServer, deps: ApiDependencies): void {
  const list = routeSchema(
    {
      id: 'listEvents',
      summary: 'Events of the tape, in its order',
      example: { correlation: EXAMPLE.id },
      answers: pageOfShape(eventShape),
    },
    { querystring: eventsQuery },
  );
  server.get('/v1/events', list, async ({ query }, reply) => {
    const asked = askedPage('events', query);
    const after = asked.after === undefined ? undefined : positionOf(asked.after);
    await atTapeEnd(deps, query, reply);
    const events = await readInParts(deps, {
      after,
      stream: query.stream,
      categories: query.category,
      types: query.type,
      correlationId: query.correlation,
      from: query.from,
      to: query.to,
      isBackward: query.order === 'desc',
      limit: query.limit + 1,
    });
    return pageOf(events, asked, ({ position }) => ({ key: position, value: null }), envelopeOf);
  });

  const one = routeSchema(
    {
      id: 'getEvent',
      summary: 'One event',
      example: EXAMPLE,
      answers: found(eventShape),
      problems: [404],
    },
    { params: z.strictObject({ id: askedId }), querystring: z.strictObject(minPosition) },
  );
  server.get('/v1/events/:id', one, async ({ params, query }, reply) => {
    await atTapeEnd(deps, query, reply);
    const event = await deps.events.byId(params.id);
    if (event === undefined) throw notFound(`There is no event ${params.id}.`);
    return envelopeOf(event);
  });
}

/** As `EventStore.read`, letting go of the event loop between two parts. */
async function readInParts({ events, time }: ApiDependencies, query: ReadQuery): Promise<RecordedEvent[]> {
  const found: RecordedEvent[] = [];
  for (;;) {
    const limit = Math.min(AT_ONCE, query.limit - found.length);
    const part = await events.read({ ...query, after: found.at(-1)?.position ?? query.after, limit });
    found.push(...part);
    if (part.length < limit || found.length === query.limit) return found;
    await time.nextLoop();
  }
}

/** On the tape an event's position is all the order there is. Throws a 400 problem for a cursor that was forged. */
function positionOf(place: Place): string {
  if (!position.safeParse(place.key).success) throw refusedCursor(NOT_OURS);
  return place.key;
}
