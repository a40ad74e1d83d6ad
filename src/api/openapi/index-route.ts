/** `GET /`: the page for people to a browser, and to a program the names of where things are. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { HEALTH_PATHS, METRICS_PATH } from '../http/public-paths.ts';
import { routeSchema } from '../routes/route-schema.ts';

const DOCS = '/docs';

const placesShape = z.strictObject({
  docs: z.string().describe('The page for people.'),
  openapi: z.string().describe('The description of every route.'),
  metrics: z.string(),
  health: z.array(z.string()),
  lists: z.array(z.string()).describe('The lists of the API, without those of one account.'),
});

export function indexRoute(server: FastifyInstance): void {
  const about = routeSchema(
    {
      id: 'getIndex',
      summary: 'Where things are; a browser is sent to the page for people',
      answers: { 200: { description: 'The paths of the server.', schema: placesShape } },
    },
    {},
  );
  let places: string | undefined;
  server.get('/', about, async (request, reply) => {
    reply.header('Vary', 'Accept');
    // Browsers ask for HTML by name; programs take anything, or JSON.
    if (request.headers.accept?.includes('text/html') === true) return reply.redirect(DOCS);
    places ??= JSON.stringify(placesOf(server));
    return reply.type('application/json; charset=utf-8').send(places);
  });
}

function placesOf(server: FastifyInstance): z.output<typeof placesShape> {
  const lists = Object.entries(server.swagger().paths ?? {}).flatMap(([path, operations]) =>
    path.startsWith('/v1/') && !path.includes('{') && 'get' in operations ? [path] : [],
  );
  return { docs: DOCS, openapi: '/openapi.json', metrics: METRICS_PATH, health: [...HEALTH_PATHS], lists };
}
