/** The route that a request asks for, as the hooks know it. */

import type { FastifyInstance } from 'fastify';
import { HEALTH_PATHS, isPublic } from './public-paths.ts';

declare module 'fastify' {
  interface FastifyRequest {
    asked: AskedRoute;
  }
  interface FastifyContextConfig {
    /** Stops trading: it is served whatever else is in hand. */
    isHalt?: true;
  }
}

export interface AskedRoute {
  /** Its pattern; empty where no route is asked for. */
  readonly path: string;
  /** A probe of the cluster. */
  readonly isHealth: boolean;
  /** It needs no key. */
  readonly isPublic: boolean;
  /** It stops trading. */
  readonly isHalt: boolean;
}

/**
 * Puts the route that is asked for on each request. Goes before the hooks that ask: the framework makes an object of all
 * the options of a route each time that it is asked for them.
 */
export function knowRoutes(server: FastifyInstance): void {
  const known = new WeakMap<object, AskedRoute>();
  server.decorateRequest('asked', null as never);
  server.addHook('onRequest', (request, _reply, done) => {
    const { config, url } = request.routeOptions;
    let route = known.get(config);
    if (route === undefined) {
      route = routeOf(url ?? '', config.isHalt === true);
      known.set(config, route);
    }
    request.asked = route;
    done();
  });
}

function routeOf(path: string, isHalt: boolean): AskedRoute {
  return { path, isHealth: HEALTH_PATHS.has(path), isPublic: isPublic(path), isHalt };
}
