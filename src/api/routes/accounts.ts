/** Accounts: what they hold, are worth and may do. */

import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { nameText } from '../../domain/event.ts';
import { type AccountDocument, accounts } from '../../projections/accounts.ts';
import { equity } from '../../projections/equity.ts';
import { type Documents, storedDocuments } from '../../queries/documents.ts';
import type { SettingsReader } from '../../queries/settings-in-force.ts';
import { type CurrentAccount, VALUED_FROM, type ValuedAccount, valuedAccounts } from '../../queries/valued-accounts.ts';
import type { ApiDependencies, ApiServer } from '../dependencies.ts';
import { answerPage, askedPage, pageOfDocuments, pageOfMap } from '../http/pages.ts';
import { minPosition, page, timePage, timeRange } from '../http/query.ts';
import { absent, atPosition, collectionOf, findDocument } from '../http/read.ts';
import { accountShape, equityShape, limitsShape, positionShape } from './account-shapes.ts';
import { haltRoutes } from './halts.ts';
import type { RouteGroup } from './route-group.ts';
import { found, pageOfShape, routeSchema } from './route-schema.ts';

const params = z.strictObject({ id: nameText });
/** In a sequence, after the places of all marks of one time. */
const WHATEVER_ITS_PLACE = '/~';
const listQuery = z.strictObject(page);

export const accountRoutes: RouteGroup = {
  name: 'accounts',
  description: 'Balances, equity, positions and risk limits; halting and resuming accounts',
  addRoutes(server, deps, settings) {
    stateRoutes(server, deps, settings);
    holdingRoutes(server, deps, settings);
    haltRoutes(server, deps, settings, {
      path: '/v1/accounts/:name',
      thing: 'account',
      example: 'paper-binance',
      scope: (account) => ({ account }),
      known: ({ accounts }) => accounts,
      // An account cannot be removed.
      halted: async () => new Set(),
    });
  },
};

/** `GET /v1/accounts`, `/v1/accounts/{id}` and its `/limits`, as marked and at the latest prices. */
function stateRoutes(server: ApiServer, deps: ApiDependencies, settings: SettingsReader): void {
  const list = routeSchema(
    { id: 'listAccounts', summary: 'Accounts', answers: pageOfShape(accountShape) },
    { querystring: listQuery },
  );
  server.get('/v1/accounts', list, async ({ query }, reply) => {
    const asked = askedPage('accounts', query);
    const { position } = await atPosition(deps, VALUED_FROM, query, reply);
    const list = await pageOfDocuments(deps, asked, { projection: accounts, sort: 'id', isDescending: false });
    const valued = await valuedAccounts(servedDocuments(deps), await settings.inForce(), list.data, position);
    return { ...list, data: valued.map(({ document, current }) => shownAccount(document, current)) };
  });

  const ofOne = { params, querystring: z.strictObject(minPosition) };
  const one = routeSchema(
    {
      id: 'getAccount',
      example: { id: 'paper-coinbase' },
      summary: 'One account: balances, equity, limits and halts',
      answers: found(accountShape),
      problems: [404],
    },
    ofOne,
  );
  server.get('/v1/accounts/:id', one, async ({ params, query }, reply) => {
    const { document, current } = await valuedAccount(deps, settings, params.id, query, reply);
    return shownAccount(document, current);
  });

  const limitsOf = routeSchema(
    {
      id: 'getLimits',
      example: { id: 'paper-coinbase' },
      summary: 'Risk limits of an account: use against bound',
      answers: found(limitsShape),
      problems: [404],
    },
    ofOne,
  );
  server.get('/v1/accounts/:id/limits', limitsOf, async ({ params, query }, reply) => {
    const valued = await valuedAccount(deps, settings, params.id, query, reply);
    const { id, marked, current, bounds, halts } = shownAccount(valued.document, valued.current);
    return {
      account: id,
      marked: marked === null ? null : { limits: marked.limits, at: marked.at },
      current: current === null ? null : { limits: current.limits, at: current.at, position: current.position },
      bounds,
      halts,
    };
  });
}

/** `GET /v1/accounts/{id}/positions`, per strategy and instrument, and `/equity`, as it was marked. */
function holdingRoutes(server: ApiServer, deps: ApiDependencies, settings: SettingsReader): void {
  const positionList = routeSchema(
    {
      id: 'listPositions',
      example: { id: 'paper-coinbase' },
      summary: 'Positions of an account, per strategy and instrument',
      answers: pageOfShape(positionShape),
      problems: [404],
    },
    { params, querystring: listQuery },
  );
  server.get('/v1/accounts/:id/positions', positionList, async (request, reply) => {
    const { query, params } = request;
    const asked = askedPage(`positions/${params.id}`, query);
    const { positions } = await valuedAccount(deps, settings, params.id, query, reply);
    const byName = new Map(positions.map((position) => [position.name, position]));
    return pageOfMap(byName, asked, (position) => position);
  });

  const equityList = routeSchema(
    {
      id: 'listEquity',
      example: { id: 'paper-coinbase' },
      summary: 'Equity of an account over time',
      description:
        'Without `to` it ends with the last mark. A mark has the time of its market. Before any market has told one it has that of its cause: that of the settings that opened an account may be later than a recorded market, and is shown when `to` reaches it.',
      answers: pageOfShape(equityShape),
      problems: [404],
    },
    { params, querystring: z.strictObject({ ...timeRange, ...timePage }) },
  );
  server.get('/v1/accounts/:id/equity', equityList, async (request, reply) => {
    const { query, params } = request;
    const asked = askedPage(`equity/${params.id}`, query);
    const { isWhole } = await atPosition(deps, [accounts, equity], query, reply);
    const { id, marked } = await accountOf(deps, params.id, isWhole);
    const { from, to = marked?.at && `${marked.at}${WHATEVER_ITS_PLACE}` } = query;
    const isDescending = query.order === 'desc';
    const list = { projection: equity, equal: { account: id }, sort: 'sequence', isDescending, from, to };
    return answerPage(deps, reply, asked, list);
  });
}

async function valuedAccount(
  deps: ApiDependencies,
  settings: SettingsReader,
  id: string,
  query: { readonly 'min-position'?: string | undefined },
  reply: FastifyReply,
): Promise<ValuedAccount> {
  const { position, isWhole } = await atPosition(deps, VALUED_FROM, query, reply);
  const document = await accountOf(deps, id, isWhole);
  const [valued] = await valuedAccounts(servedDocuments(deps), await settings.inForce(), [document], position);
  if (valued === undefined) throw new Error(`account ${id} was not valued`);
  return valued;
}

function servedDocuments(deps: ApiDependencies): Documents {
  return storedDocuments(deps.reads, (projection) => collectionOf(deps, projection));
}

/** A document that an older build of the read model made has another form, until the new one serves. */
function shownAccount(document: AccountDocument, current: CurrentAccount | null) {
  const { id, venue, currency, fees, slippage, latency, bounds, balances, openings, feesByAsset, marked } = document;
  const terms = { id, venue, currency, fees, slippage, latency, bounds };
  const holdings = { balances, openings: openings ?? {}, feesByAsset: feesByAsset ?? {} };
  return { ...terms, ...holdings, marked: marked ?? null, current, halts: document.halts, updatedAt: document.updatedAt };
}

async function accountOf(deps: ApiDependencies, id: string, isWhole: boolean): Promise<AccountDocument> {
  const account = await findDocument(deps, accounts, id);
  if (account === undefined) throw absent(isWhole, noAccount(id));
  return account;
}

function noAccount(id: string): string {
  return `There is no account "${id}".`;
}
