/** Accounts: what they hold, are worth and may do. */

import { z } from 'zod';
import { nameText } from '../../domain/event.ts';
import { type AccountDocument, accounts } from '../../projections/accounts.ts';
import { equity } from '../../projections/equity.ts';
import { positions } from '../../projections/positions.ts';
import type { ApiDependencies, ApiServer } from '../dependencies.ts';
import { answerPage } from '../http/pages.ts';
import { notFound, type Problem } from '../http/problem.ts';
import { minPosition, page, timePage, timeRange } from '../http/query.ts';
import { answerDocument, atPosition, findDocument } from '../http/read.ts';
import { accountShape, equityShape, limitsShape, positionShape } from './account-shapes.ts';
import { haltRoutes } from './halts.ts';
import type { RouteGroup } from './route-group.ts';
import { found, pageOfShape, routeSchema } from './route-schema.ts';

const params = z.strictObject({ id: nameText });
const listQuery = z.strictObject(page);

export const accountRoutes: RouteGroup = {
  name: 'accounts',
  description: 'Balances, equity, positions and risk limits; halting and resuming accounts',
  addRoutes(server, deps, settings) {
    stateRoutes(server, deps);
    holdingRoutes(server, deps);
    haltRoutes(server, deps, settings, {
      path: '/v1/accounts/:name',
      thing: 'account',
      verb: 'halt',
      scope: (account) => ({ account }),
      known: ({ accounts }) => accounts,
    });
  },
};

/** `GET /v1/accounts`, `/v1/accounts/{id}` and its `/limits`: use against bound. */
function stateRoutes(server: ApiServer, deps: ApiDependencies): void {
  const list = routeSchema(
    { id: 'listAccounts', summary: 'Accounts', answers: pageOfShape(accountShape) },
    { querystring: listQuery },
  );
  server.get('/v1/accounts', list, async ({ query }, reply) => {
    await atPosition(deps, [accounts], query, reply);
    return answerPage(deps, reply, 'accounts', query, { projection: accounts, sort: 'id', isDescending: false });
  });

  const ofOne = { params, querystring: z.strictObject(minPosition) };
  const one = routeSchema(
    {
      id: 'getAccount',
      summary: 'One account: balances, equity, limits and halts',
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
      summary: 'Risk limits of an account: use against bound',
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
      summary: 'Positions of an account, per strategy and instrument',
      answers: pageOfShape(positionShape),
      problems: [404],
    },
    { params, querystring: listQuery },
  );
  server.get('/v1/accounts/:id/positions', positionList, async (request, reply) => {
    const { query, params } = request;
    await atPosition(deps, [accounts, positions], query, reply);
    const { id } = await accountOf(deps, params.id);
    const list = { projection: positions, equal: { account: id }, sort: 'name', isDescending: false };
    return answerPage(deps, reply, `positions/${id}`, query, list);
  });

  const equityList = routeSchema(
    {
      id: 'listEquity',
      summary: 'Equity of an account over time',
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
    const isDescending = query.order === 'desc';
    const list = { projection: equity, equal: { account: id }, sort: 'sequence', isDescending, from, to };
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
