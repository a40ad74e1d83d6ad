/**
 * A route's description for the OpenAPI document: its name, its answers, and the problems that it alone has. Tests hold
 * the answers to their descriptions; at run time nothing is checked on its way out.
 */

import { z } from 'zod';

export interface Answer {
  readonly description: string;
  readonly schema: z.ZodType;
  /** `application/json` unless it says otherwise. */
  readonly contentType?: string;
}

export interface About {
  /** The operation's name in generated clients. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  /** By status, those that are successes. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Values with which it can be called on the demo's tape, by the name of the parameter. */
  readonly example?: Readonly<Record<string, string>>;
  /** The body of such a call. */
  readonly exampleBody?: object;
  /** Statuses of problems beyond those that every route may answer with. */
  readonly problems?: readonly number[];
}

/** Of the demo. */
export const EXAMPLE_INSTRUMENT = { venue: 'binance', symbol: 'BTCUSDT' };

declare module 'fastify' {
  interface FastifyContextConfig {
    about?: About;
  }
}

/** The options of a route: what it takes, and what it says of itself. */
export function routeSchema<Parts extends object>(about: About, parts: Parts) {
  const { id, summary, description } = about;
  const text = description === undefined ? {} : { description };
  return { schema: { ...parts, operationId: id, summary, ...text }, config: { about } };
}

/** The answer of a read that finds what it looks for. */
export function found(
  schema: z.ZodType,
  description = 'The state at the position in the header.',
): Readonly<Record<number, Answer>> {
  return { 200: { description, schema } };
}

/** The answer of a list. */
export function pageOfShape(schema: z.ZodType): Readonly<Record<number, Answer>> {
  const next = z.string().nullable().describe('For the next page, as `cursor`; null at the end.');
  return found(z.strictObject({ data: z.array(schema), next }), 'One page.');
}
