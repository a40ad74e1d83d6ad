/** Strategies: as they are set, what they said and did, halting and resuming them. */

import { z } from 'zod';
import type { ConfiguredStrategy } from '../../domain/settings/events.ts';
import { type AccountDocument, accounts } from '../../projections/accounts.ts';
import { shown } from '../../projections/shown.ts';
import { signals } from '../../projections/signals.ts';
import { silentStrategy, strategies } from '../../projections/strategies.ts';
import { storedDocuments } from '../../queries/documents.ts';
import { haltedStrategies, standingOf } from '../../queries/halted-strategies.ts';
import type { SettingsReader } from '../../queries/settings-in-force.ts';
import type { ApiDependencies, ApiServer } from '../dependencies.ts';
import { answerPage, askedPage, pageOfMap } from '../http/pages.ts';
import { name, page, symbol, timePage, timeRange, venue } from '../http/query.ts';
import { atPosition, collectionOf } from '../http/read.ts';
import { haltRoutes } from './halts.ts';
import type { RouteGroup } from './route-group.ts';
import { pageOfShape, routeSchema } from './route-schema.ts';
import { signalShape, strategyShape } from './strategy-shapes.ts';

export const strategyRoutes: RouteGroup = {
  name: 'strategies',
  description: 'Strategies and their signals; halting and resuming strategies',
  addRoutes(server, deps, settings) {
    strategyRoute(server, deps, settings);
    signalRoute(server, deps);
    haltRoutes(server, deps, settings, {
      path: '/v1/strategies/:name',
      thing: 'strategy',
      example: 'quick-cross',
      scope: (strategy) => ({ strategy }),
      known: ({ strategies }) => strategies,
      halted: () => haltedStrategies(storedDocuments(deps.reads, (projection) => collectionOf(deps, projection))),
    });
  },
};

/** `GET /v1/strategies`: as the settings in force say, with what they did and what holds each of them, by account. */
function strategyRoute(server: ApiServer, deps: ApiDependencies, settings: SettingsReader): void {
  const list = routeSchema(
    {
      id: 'listStrategies',
      summary: 'Strategies in force, with their activity and the halts that apply to them',
      answers: pageOfShape(strategyShape),
    },
    { querystring: z.strictObject(page) },
  );
  server.get('/v1/strategies', list, async ({ query }, reply) => {
    const asked = askedPage('strategies', query);
    await atPosition(deps, [accounts, strategies], query, reply);
    const configured = pageOfMap((await settings.inForce()).strategies, asked, (strategy) => strategy);
    return { ...configured, data: await withDeeds(deps, configured.data) };
  });
}

async function withDeeds(deps: ApiDependencies, configured: readonly ConfiguredStrategy[]) {
  const documents = storedDocuments(deps.reads, (projection) => collectionOf(deps, projection));
  const all = await documents.all<AccountDocument>(accounts, 'id');
  const names = configured.map(({ name }) => name);
  const known = await deps.reads.load(collectionOf(deps, strategies), names);
  return configured.map((strategy) => {
    const deeds = shown(strategies, known.get(strategy.name) ?? silentStrategy(strategy.name));
    const standing = standingOf(strategy, all);
    const halts = standing.find(({ inForce }) => inForce)?.halts ?? [];
    return { ...deeds, ...strategy, halts, accounts: standing };
  });
}

const signalsQuery = z.strictObject({ strategy: name, venue, symbol, ...timeRange, ...timePage });

/** `GET /v1/signals`. */
function signalRoute(server: ApiServer, deps: ApiDependencies): void {
  const list = routeSchema(
    {
      id: 'listSignals',
      summary: 'Signals of strategies',
      example: { strategy: 'quick-cross' },
      answers: pageOfShape(signalShape),
    },
    { querystring: signalsQuery },
  );
  server.get('/v1/signals', list, async ({ query }, reply) => {
    const asked = askedPage('signals', query);
    await atPosition(deps, [signals], query, reply);
    const { strategy, venue, symbol, from, to } = query;
    return answerPage(deps, reply, asked, {
      projection: signals,
      equal: { strategy, venue, symbol },
      sort: 'sequence',
      isDescending: query.order === 'desc',
      from,
      to,
    });
  });
}
