/** The groups of routes there are. Adding one is its file, its test and a line here. */

import { accountRoutes } from './accounts.ts';
import { eventRoutes } from './events.ts';
import { marketRoutes } from './market.ts';
import { orderRoutes } from './orders.ts';
import { readModelRoutes } from './read-models.ts';
import type { RouteGroup } from './route-group.ts';
import { strategyRoutes } from './strategies.ts';

export const ROUTE_GROUPS: readonly RouteGroup[] = [
  marketRoutes,
  strategyRoutes,
  orderRoutes,
  accountRoutes,
  eventRoutes,
  readModelRoutes,
];
