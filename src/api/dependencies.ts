/** What the API is given. It opens nothing and runs nothing of its own. */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Clock, EventStore, ReadStore } from '../ports.ts';
import type { ApiKey } from './auth.ts';
import type { Health } from './health.ts';

/** The server as its routes see it: query, path and body have the types of their zod schemas. */
export type ApiServer = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>;

/** How far a projection's documents are, as the projection runner tells it. */
export interface ServedProjection {
  /** `position` is that of the last event delivered and committed, handled or not; `collection` holds the documents. */
  progress(): { readonly position: string; readonly collection: string };
  /** Resolves true once everything up to `position` is in the read store, false when that takes longer than `timeoutMs`. */
  waitFor(position: string, timeoutMs: number): Promise<boolean>;
}

export interface ApiDependencies {
  readonly events: EventStore;
  readonly reads: ReadStore;
  /** By name. */
  readonly projections: ReadonlyMap<string, ServedProjection>;
  readonly clock: Clock;
  /** The build, for the metadata of requests. */
  readonly codeVersion: string;
  /** Without any, only programs on the same machine are served. */
  readonly apiKeys: readonly ApiKey[];
  readonly health: Health;
  /** How long an answer may wait. */
  readonly patience: Patience;
  /** Absent: nothing is logged. */
  readonly logger?: FastifyBaseLogger | undefined;
}

export interface Patience {
  /** For `min-position`, in milliseconds. */
  readonly positionMs: number;
  /** For `wait=decided` and `wait=closed`, in milliseconds. */
  readonly orderMs: number;
}

export const USUAL_PATIENCE: Patience = { positionMs: 5_000, orderMs: 10_000 };
