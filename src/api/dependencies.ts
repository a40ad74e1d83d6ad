/** The dependencies of the API. It opens nothing and runs nothing of its own. */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Metrics, MetricsSnapshot } from '../metrics.ts';
import type { Time } from '../ports/clock.ts';
import type { EventStore } from '../ports/event-store.ts';
import type { ReadStore } from '../ports/read-store.ts';
import type { SystemReport } from '../runtime/process/system-report.ts';
import type { KeySources } from './http/key-ring.ts';
import type { Violation } from './http/problem.ts';

/** The server as its routes see it: query, path and body have the types of their zod schemas. */
export type ApiServer = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>;

/** How far a projection's documents are, as the projection runner tells it. */
export interface ServedProjection {
  /** Everything is in it that was on the tape when the server started: what it does not have is not there. */
  readonly isWhole: boolean;
  /** `position` is that of the last event delivered and committed, handled or not; `collection` holds the documents. */
  progress(): { readonly position: string; readonly collection: string };
  /** Resolves true once everything up to `position` is in the read store, false when that takes longer than `timeoutMs`. */
  waitFor(position: string, timeoutMs: number): Promise<boolean>;
}

/** The parts that are not as they should be; none when all is well. */
type Check = () => readonly Violation[];

export interface Health {
  /** The event loops run; waiting counts as running. It never depends on a backend or on a quiet market. */
  readonly live: Check;
  /** Reads can be served: the read models have what was on the tape at the start, and are within the lag limit. */
  readonly ready: Check;
  /** Everything that is done once at start-up is done. */
  readonly started: Check;
  /** How the parts are; null where it is not known (yet). */
  readonly report: () => SystemReport | null;
}

/** Without any keys, only programs on the same machine are served. */
export interface ApiDependencies extends KeySources {
  readonly events: EventStore;
  readonly reads: ReadStore;
  /** By name. */
  readonly projections: ReadonlyMap<string, ServedProjection>;
  readonly time: Time;
  /** The build, for the metadata of requests. */
  readonly codeVersion: string;
  /** Requests that one API key may make in a second; absent: as many as it can. */
  readonly rateLimit?: number | undefined;
  /** How many files and connections the process may have open; absent: as many as it likes. */
  readonly descriptors?: number | undefined;
  /** Web pages from these origins may call the API; absent: none. */
  readonly corsOrigins?: readonly string[] | undefined;
  readonly health: Health;
  /** The figures of this thread. */
  readonly metrics: Metrics;
  /** The figures of the other threads of the process, where there are any. */
  readonly otherMetrics?: (() => Promise<readonly MetricsSnapshot[]>) | undefined;
  readonly timeouts: Timeouts;
  /** Absent: nothing is logged. */
  readonly logger?: FastifyBaseLogger | undefined;
}

/** How long an answer may wait. */
export interface Timeouts {
  /** For `min-position`, in milliseconds. */
  readonly positionMs: number;
  /** For `wait=decided` and `wait=closed`, in milliseconds. */
  readonly orderMs: number;
  /** For a request to come in whole, in milliseconds. */
  readonly requestMs: number;
  /** For requests in flight when the server closes, in milliseconds. */
  readonly closeMs: number;
}

export const DEFAULT_TIMEOUTS: Timeouts = { positionMs: 5_000, orderMs: 10_000, requestMs: 30_000, closeMs: 3_000 };
