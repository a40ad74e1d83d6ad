/** Accounts: what they hold, are worth and may do; and the strategies that trade on them. */

import { z } from 'zod';
import { nameText } from '../../domain/event.ts';
import type { HaltScope } from '../../domain/order/events.ts';
import type { ConfiguredStrategy } from '../../domain/settings/events.ts';
import { type AccountDocument, accounts } from '../../projections/accounts.ts';
import { equity } from '../../projections/equity.ts';
import { positions } from '../../projections/positions.ts';
import { shown } from '../../projections/shown.ts';
import { silentStrategy, strategies } from '../../projections/strategies.ts';
import type { SettingsReader } from '../../queries/settings-in-force.ts';
import type { ApiDependencies, ApiServer } from '../dependencies.ts';
import { answerPage, pageOfMap } from '../http/pages.ts';
import { notFound, type Problem } from '../http/problem.ts';
import { minPosition, page, timePage, timeRange } from '../http/query.ts';
import { answerDocument, atPosition, collectionOf, findDocument } from '../http/read.ts';
import { found, pageOfShape, routeSchema } from '../http/route-schema.ts';
import { accountShape, equityShape, limitsShape, positionShape, strategyShape } from '../shapes/account-shapes.ts';

const params = z.strictObject({ id: nameText });
const listQuery = z.strictObject(page);

export function accountRoutes(server: ApiServer, deps: ApiDependencies, settings: SettingsReader): void {
  stateRoutes(server, deps);
  holdingRoutes(server, deps);
  strategyRoute(server, deps, settings);
}

/** `GET /v1/accounts`, `/v1/accounts/{id}` and its `/limits`: use against bound. */
function stateRoutes(server: ApiServer, deps: ApiDependencies): void {
  const list = routeSchema(
    { id: 'listAccounts', group: 'accounts', summary: 'Accounts', answers: pageOfShape(accountShape) },
    { querystring: listQuery },
  );
  server.get('/v1/accounts', list, async ({ query }, reply) => {
    await atPosition(deps, [accounts], query, reply);
    return answerPage(deps, reply, 'accounts', query, { projection: accounts, sort: 'id', descending: false });
  });

  const ofOne = { params, querystring: z.strictObject(minPosition) };
  const one = routeSchema(
    {
      id: 'getAccount',
      group: 'accounts',
      summary: 'What an account holds and is worth',
      answers: found(accountShape),
      problems: [404],
    },
    ofOne,
  );
  server.get('/v1/accounts/:id', one, async ({ params, query }, reply) => {
    await atPosition(deps, [accounts], query, reply);
    const account = await answerDocument(deps, reply, accounts, params.id);
    if (account === undefined) throw noAccount(params.id);
    return account;
  });

  const limitsOf = routeSchema(
    {
      id: 'getLimits',
      group: 'accounts',
      summary: 'Its limits: use against bound',
      answers: found(limitsShape),
      problems: [404],
    },
    ofOne,
  );
  server.get('/v1/accounts/:id/limits', limitsOf, async ({ params, query }, reply) => {
    await atPosition(deps, [accounts], query, reply);
    const { id, markedAt, limits, bounds, halts } = await accountOf(deps, params.id);
    return { account: id, time: markedAt, limits, bounds, halts };
  });
}

/** `GET /v1/accounts/{id}/positions`, per strategy and instrument, and `/equity`, as it was marked. */
function holdingRoutes(server: ApiServer, deps: ApiDependencies): void {
  const positionList = routeSchema(
    {
      id: 'listPositions',
      group: 'accounts',
      summary: 'Its positions, per strategy and instrument',
      answers: pageOfShape(positionShape),
      problems: [404],
    },
    { params, querystring: listQuery },
  );
  server.get('/v1/accounts/:id/positions', positionList, async (request, reply) => {
    const { query, params } = request;
    await atPosition(deps, [accounts, positions], query, reply);
    const { id } = await accountOf(deps, params.id);
    const list = { projection: positions, equal: { account: id }, sort: 'name', descending: false };
    return answerPage(deps, reply, `positions/${id}`, query, list);
  });

  const equityList = routeSchema(
    {
      id: 'listEquity',
      group: 'accounts',
      summary: 'What it was worth, mark by mark',
      answers: pageOfShape(equityShape),
      problems: [404],
    },
    { params, querystring: z.strictObject({ ...timeRange, ...timePage }) },
  );
  server.get('/v1/accounts/:id/equity', equityList, async (request, reply) => {
    const { query, params } = request;
    await atPosition(deps, [accounts, equity], query, reply);
    const { id } = await accountOf(deps, params.id);
    const { from, to } = query;
    const descending = query.order === 'desc';
    const list = { projection: equity, equal: { account: id }, sort: 'sequence', descending, from, to };
    return answerPage(deps, reply, `equity/${id}`, query, list);
  });
}

async function accountOf(deps: ApiDependencies, id: string): Promise<AccountDocument> {
  const account = await findDocument(deps, accounts, id);
  if (account === undefined) throw noAccount(id);
  return account;
}

function noAccount(id: string): Problem {
  return notFound(`There is no account "${id}".`);
}

/** `GET /v1/strategies`: as the settings in force say, with what they did and the halts that hold each of them. */
function strategyRoute(server: ApiServer, deps: ApiDependencies, settings: SettingsReader): void {
  const list = routeSchema(
    {
      id: 'listStrategies',
      group: 'strategies',
      summary: 'Strategies as they are set, with what they did and the halts that hold them',
      answers: pageOfShape(strategyShape),
    },
    { querystring: listQuery },
  );
  server.get('/v1/strategies', list, async ({ query }, reply) => {
    await atPosition(deps, [accounts, strategies], query, reply);
    const configured = pageOfMap((await settings.inForce()).strategies, 'strategies', query, (strategy) => strategy);
    return { ...configured, data: await withDeeds(deps, configured.data) };
  });
}

async function withDeeds(deps: ApiDependencies, configured: readonly ConfiguredStrategy[]) {
  const ids = [...new Set(configured.map(({ account }) => account))];
  const holders = await deps.reads.load(collectionOf(deps, accounts), ids);
  const names = configured.map(({ name }) => name);
  const known = await deps.reads.load(collectionOf(deps, strategies), names);
  return configured.map((strategy) => {
    const account = holders.get(strategy.account) as AccountDocument | undefined;
    const deeds = shown(strategies, known.get(strategy.name) ?? silentStrategy(strategy.name));
    return { ...deeds, ...strategy, halts: (account?.halts ?? []).filter(({ scope }) => holds(scope, strategy)) };
  });
}

/** Halts of the strategy's account stand with that account already. */
function holds(scope: HaltScope, strategy: ConfiguredStrategy): boolean {
  return 'strategy' in scope ? scope.strategy === strategy.name : true;
}
