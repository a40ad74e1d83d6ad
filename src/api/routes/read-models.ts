/** Any read model as it is: for those that have no route of their own. */

import { z } from 'zod';
import { compareTexts } from '../../ports/find-rules.ts';
import { eventIndex } from '../../projections/event-index.ts';
import { listOrderOf } from '../../projections/projection.ts';
import { PROJECTIONS } from '../../projections/projections.ts';
import { answerPage, askedPage } from '../http/pages.ts';
import { notFound } from '../http/problem.ts';
import { page } from '../http/query.ts';
import { atPosition } from '../http/read.ts';
import type { RouteGroup } from './route-group.ts';
import { pageOfShape, routeSchema } from './route-schema.ts';

const params = z.strictObject({ name: z.string().min(1).max(100) });

const documentShape = z
  .record(z.string(), z.unknown())
  .meta({ id: 'Document', description: 'As the projection makes it, without its hidden fields and its details.' });

export const readModelRoutes: RouteGroup = {
  name: 'read models',
  description: 'The documents of any read model',
  addRoutes(server, deps) {
    const served = [...PROJECTIONS, eventIndex].filter(({ name }) => deps.projections.has(name));
    const projections = new Map(served.map((projection) => [projection.name, projection]));
    const list = routeSchema(
      {
        id: 'listDocuments',
        example: { name: 'strategies' },
        summary: 'The documents of a read model, in the order of its first indexed field',
        answers: pageOfShape(documentShape),
        problems: [404],
      },
      { params, querystring: z.strictObject(page) },
    );
    server.get('/v1/read-models/:name', list, async ({ params, query }, reply) => {
      const projection = projections.get(params.name);
      if (projection === undefined) {
        const names = [...projections.keys()].sort(compareTexts).join(', ');
        throw notFound(`There is no read model "${params.name}", but ${names}.`);
      }
      const asked = askedPage(`read-models/${projection.name}`, query);
      await atPosition(deps, [projection], query, reply);
      return answerPage(deps, reply, asked, {
        projection,
        sort: listOrderOf(projection),
        isDescending: false,
      });
    });
  },
};
