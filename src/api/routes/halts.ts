/** The routes that halt and resume an account or a strategy. A halt holds until a person resumes it. */

import { z } from 'zod';
import { nameText } from '../../domain/event.ts';
import { type HaltScope, haltMode } from '../../domain/order/events.ts';
import type { SettingsInForce } from '../../domain/settings/in-force.ts';
import { stepsOfHalt } from '../../queries/halt-steps.ts';
import type { SettingsReader } from '../../queries/settings-in-force.ts';
import { requestHalt, requestResume } from '../../requests/requests.ts';
import type { ApiDependencies, ApiServer } from '../dependencies.ts';
import { notFound } from '../http/problem.ts';
import { accepted, keyOf, optionalKey, reason, recordedAnswers, recordRequest } from '../http/write.ts';
import { routeSchema } from './route-schema.ts';

/** As at the command line: what is halted may still close what it holds, unless the request says otherwise. */
const haltBody = z
  .strictObject({
    mode: haltMode
      .default('reduce-only')
      .describe('"reduce-only": positions may still be closed, by strategies too; "stop": no orders at all.'),
    cancelOpen: z.boolean().default(false).describe('Cancel the open orders.'),
    flatten: z.boolean().default(false).describe('Close the positions.'),
    atLastPrice: z
      .boolean()
      .default(false)
      .describe(
        'With "flatten": close the positions of feeds that have ended, at their last price. Closings of others are denied. Paper accounts only.',
      ),
    reason,
  })
  .refine(({ atLastPrice, flatten }) => flatten || !atLastPrice, { path: ['atLastPrice'], message: 'needs "flatten"' });
const resumeBody = z.strictObject({ reason });

/** A target of halts, and its routes. */
interface Target {
  /** With its name as `:name`. */
  readonly path: string;
  readonly thing: string;
  /** A name of the demo's. */
  readonly example: string;
  readonly scope: (name: string) => HaltScope;
  readonly known: (settings: SettingsInForce) => ReadonlyMap<string, unknown>;
  /** What can be resumed, though it is not known any more. */
  readonly halted: () => Promise<ReadonlySet<string>>;
}

/** `POST` on the path of the target and `/halt`, and on its `/resume`: 202 with the request. */
export function haltRoutes(server: ApiServer, deps: ApiDependencies, settings: SettingsReader, target: Target): void {
  const { path, thing, example: name } = target;
  const params = z.strictObject({ name: nameText });
  const common = { answers: recordedAnswers(), problems: [404, 422], example: { name } };
  const isKnown = async (name: string): Promise<boolean> => target.known(await settings.inForce()).has(name);
  const scopeOf = async (name: string): Promise<HaltScope> => {
    if (!(await isKnown(name))) throw notFound(`There is no ${thing} "${name}".`);
    return target.scope(name);
  };
  const resumedScopeOf = async (name: string): Promise<HaltScope> => {
    return (await isKnown(name)) || !(await target.halted()).has(name) ? scopeOf(name) : target.scope(name);
  };

  const halt = routeSchema(
    {
      id: operationName('halt', thing),
      summary: `Halt the ${thing} until a person resumes it`,
      ...common,
      exampleBody: { mode: 'reduce-only', cancelOpen: true, flatten: false, reason: 'looks wrong' },
    },
    { params, body: haltBody, headers: optionalKey },
  );
  const config = { ...halt.config, isHalt: true } as const;
  server.post(`${path}/halt`, { ...halt, config }, async (request, reply) => {
    const scope = await scopeOf(request.params.name);
    const { mode, cancelOpen, flatten, atLastPrice, reason } = request.body;
    const data = { scope, mode, cancelOpen, flatten, atLastPrice, reason };
    const steps = await stepsOfHalt(deps.events, deps.reads, data);
    const key = keyOf(deps.time, request.headers);
    const recorded = await recordRequest(deps, request, (write) => requestHalt(write, data, key, steps));
    return accepted(reply, `/v1/events/${recorded.requestId}`, answer(recorded));
  });

  const resume = routeSchema(
    {
      id: operationName('resume', thing),
      summary: `Resume trading of the ${thing}`,
      ...common,
      exampleBody: { reason: 'is well again' },
    },
    { params, body: resumeBody, headers: optionalKey },
  );
  server.post(`${path}/resume`, resume, async (request, reply) => {
    const data = { scope: await resumedScopeOf(request.params.name), reason: request.body.reason };
    const recorded = await recordRequest(deps, request, (write) => requestResume(write, data, keyOf(deps.time, request.headers)));
    return accepted(reply, `/v1/events/${recorded.requestId}`, answer(recorded));
  });
}

/** `haltAccount`, `resumeStrategy`. */
function operationName(verb: string, thing: string): string {
  return verb + thing.charAt(0).toUpperCase() + thing.slice(1);
}

function answer({ requestId, position }: { requestId: string; position: string }) {
  return { requestId, position };
}
