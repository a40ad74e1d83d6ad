/** The contract of a group of routes: its name and description in the OpenAPI document, and its routes. */

import type { SettingsReader } from '../../queries/settings-in-force.ts';
import type { ApiDependencies, ApiServer } from '../dependencies.ts';

/** The tag of a group's routes in the OpenAPI document. */
export interface GroupTag {
  readonly name: string;
  readonly description: string;
}

export interface RouteGroup extends GroupTag {
  /** Adds the routes to `server`. Their paths begin with `/v1/`. */
  addRoutes(server: ApiServer, deps: ApiDependencies, settings: SettingsReader): void;
}

/** Tags the routes that are added to `server` from here on. */
export function tagRoutes(server: ApiServer, { name }: GroupTag): void {
  server.addHook('onRoute', (route) => {
    if (route.config?.about !== undefined) route.schema = { ...route.schema, tags: [name] };
  });
}
